package store
import ("testing")
func BenchmarkRow(b *testing.B) {
	s := crowd(b)
	_,_ = s, 1
	c,_ := s.state.Credential(server(1)); p,_ := s.state.Person(holder(1))
	b.Run("cred",func(b *testing.B){ b.ReportAllocs(); for b.Loop(){ rowOfCredential(c)} })
	b.Run("person",func(b *testing.B){ b.ReportAllocs(); for b.Loop(){ rowOfPerson(p)} })
	b.Run("target",func(b *testing.B){ b.ReportAllocs(); for b.Loop(){ var e encoder; e.json(c.Target)} })
	b.Run("policy",func(b *testing.B){ b.ReportAllocs(); for b.Loop(){ var e encoder; e.json(c.Policy)} })
	b.Run("list",func(b *testing.B){ b.ReportAllocs(); for b.Loop(){ var e encoder; e.json(c.Exposure)} })
	b.Run("instant",func(b *testing.B){ b.ReportAllocs(); for b.Loop(){ formatInstant(c.RotatedAt)} })
}
