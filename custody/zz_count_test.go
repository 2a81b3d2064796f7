package custody
import ("testing";"time")
func TestZZ(t *testing.T){
 both := CredentialPolicy{RotateOnTransfer: true, RotateOnCheckin: true}
 for _,m := range []*model{
		{name: "ab ab", servers: []AddCredential{server("x", "a", "b"), server("y", "a", "b")}},
		{name: "ab bc", servers: []AddCredential{server("x", "a", "b"), server("y", "b", "c")}},
		{name: "ab bc rot", servers: []AddCredential{rotating(server("x", "a", "b"), both), rotating(server("y", "b", "c"), both)}},
 }{
 m.states=map[string]int{}
 m.visit(m.start(t).state)
 st:=time.Now()
 for at:=0; at<len(m.queue); at++ {
  if time.Since(st)>60*time.Second { break }
  if at%20000==0 {println(m.name,at,len(m.queue))}
  s:=m.queue[at]
  for _,c:=range m.tries(s){ ev,err:=Decide(s,DefaultPolicy(),c,s.Time); if err==nil { n:=clone(s); for _,e:=range ev {Apply(n,e)}; m.visit(n)} }
  for _,d:=range deadlines(s){ n:=clone(s); d(n); ev,_:=Decide(n,DefaultPolicy(),Command{Actor:System,Action:Tick{}},n.Time); for _,e:=range ev {Apply(n,e)}; m.visit(n)}
 }
 println(m.name,len(m.queue), time.Since(st).String())
 phases:=map[string]int{}
 for _,s:=range m.queue { k:=""; for c:=range s.Credentials(){k+=string(c.Phase)+string(c.Rotation.Reason)+" "}; phases[k]++ }
 for k,v:=range phases {println("  ",k,v)}
 }
}
