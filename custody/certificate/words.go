package certificate

import (
	"strconv"
	"time"
)

// line is one line of the paper, its label in both languages.
type line struct{ En, Zh, Value string }

// lines are the facts of the head of the paper.
func (p Paper) lines() []line {
	all := []line{
		{"Handover", "交接", p.Handover},
		{"Given by", "移交人", p.From.String()},
		{"Taken over by", "接收人", p.To.String()},
		{"Reason", "事由", p.Reason},
	}
	if !p.Expected.IsZero() {
		all = append(all, line{"Expected return", "预计归还", p.moment(p.Expected)})
	}
	return all
}

// proofLines say what in the ledger the paper rests on.
func (p Paper) proofLines() []line {
	return []line{
		{"Ledger", "交接台账", p.Origin},
		{"Entries in it", "台账记录数", strconv.FormatInt(p.Size, 10)},
		{"Root hash", "根哈希", p.Root},
	}
}

func (s Party) String() string {
	if s.Name == "" || s.Name == s.Username {
		return s.Username
	}
	return s.Name + " (" + s.Username + ")"
}

// moment writes an instant with its zone.
func (p Paper) moment(t time.Time) string { return t.In(p.zone).Format("2006-01-02 15:04:05 -07:00") }

// stepNames are the types of entries about a handover, in both languages.
var stepNames = map[string][2]string{
	"handover.offered":   {"offered", "发起交接"},
	"handover.accepted":  {"accepted", "接收确认"},
	"handover.returned":  {"returned", "归还"},
	"handover.closed":    {"closed: all passwords changed", "交接结束：密码均已更改"},
	"handover.overdue":   {"return overdue", "逾期未还"},
	"handover.declined":  {"declined", "拒绝"},
	"handover.cancelled": {"cancelled", "取消"},
	"handover.expired":   {"expired", "过期"},
}

const (
	titleEn, titleZh   = "Handover record", "交接单"
	noticeEn, noticeZh = "This record holds no password. Check it: tandem ledger verify-certificate FILE --key KEY. The code is the proof of the acceptance (C2SP tlog-proof).",
		"本单不含任何密码。核验方法：tandem ledger verify-certificate FILE --key KEY。二维码为接收记录的证明（C2SP tlog-proof）。"
	signEn, signZh = "Signature, date", "签字、日期"
)
