package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// The process under test is this test binary, told so by its environment. It
// gets orders on its standard input and answers on its standard output, both in
// JSON: that is where secrets may be, and no argument or environment is.
const underTest = "TANDEM_SOAK_PROCESS"

// More run at once than there are processors: most of the time they wait for
// PAM, which answers a wrong password after two seconds.
const parallel = "16"

func TestMain(m *testing.M) {
	if os.Getenv(underTest) != "" {
		obey()
		os.Exit(0)
	}
	if err := flag.Set("test.parallel", parallel); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// order is what the process is to do. Of the fields only those that are named count.
type order struct {
	Do            string
	Office        *spec  // open: first of all
	Password, Key string // found: takes the account into custody
	Fault         fault  // rotate, finish
	// "values" has none; "set" answers a Set: the password was set by hand.
}

// answer is what came of it.
type answer struct {
	Error  string         `json:",omitempty"`
	Set    string         `json:",omitempty"` // before the answer: this is to be set by hand
	Fired  bool           `json:",omitempty"` // the fault happened
	Calls  map[string]int `json:",omitempty"` // how often each point was passed
	Took   time.Duration  `json:",omitempty"`
	Values *values        `json:",omitempty"`
}

// obey carries out orders until there are no more, or until it is killed.
func obey() {
	orders := make(chan order)
	go func() {
		in := json.NewDecoder(os.Stdin)
		for {
			var o order
			if in.Decode(&o) != nil {
				os.Exit(0) // whoever gave orders is gone
			}
			orders <- o
		}
	}()
	out := json.NewEncoder(os.Stdout)
	say := func(a answer) {
		if out.Encode(a) != nil {
			os.Exit(0)
		}
	}
	set := func(next custody.Secret) error {
		say(answer{Set: next.Reveal()})
		<-orders
		return nil
	}
	var o *office
	for order := range orders {
		ctx := context.Background()
		var a answer
		var err error
		began := time.Now()
		switch order.Do {
		case "open":
			o, err = openOffice(ctx, *order.Office)
		case "found":
			err = o.found(ctx, custody.SecretString(order.Password), custody.SecretString(order.Key))
		case "rotate":
			err = o.rotate(ctx, order.Fault, set)
			a.Fired, a.Calls = o.fuse.disarm()
		case "finish":
			err = o.finish(ctx, order.Fault, set)
			a.Fired, a.Calls = o.fuse.disarm()
		case "values":
			var v values
			v, err = o.values(ctx)
			a.Values = &v
		default:
			err = fmt.Errorf("an order to %q", order.Do)
		}
		if a.Took = time.Since(began); err != nil {
			a.Error = err.Error()
		}
		say(a)
	}
}

// process is the other end: such a process, seen from the test.
type process struct {
	cmd    *exec.Cmd
	orders *json.Encoder
	answer *json.Decoder
	stderr bytes.Buffer
	errors *[]string          // all that it ever said went wrong
	set    func(value string) // what a person does by hand
}

// errKilled: the process is dead by SIGKILL, as it should be.
var errKilled = errors.New("killed")

func startProcess(t testing.TB, s spec, said *[]string, set func(string)) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0]), errors: said, set: set}
	p.cmd.Env = []string{underTest + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + s.Notes}
	p.cmd.Stderr = &p.stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.orders, p.answer = json.NewEncoder(in), json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.must(t, order{Do: "open", Office: &s})
	return p
}

// do gives an order. The error is errKilled when the process died of it.
func (p *process) do(o order) (answer, error) {
	if err := p.orders.Encode(o); err != nil {
		return answer{}, p.died(err)
	}
	for {
		var a answer
		if err := p.answer.Decode(&a); err != nil {
			return answer{}, p.died(err)
		}
		switch {
		case a.Set != "":
			p.set(a.Set)
			if err := p.orders.Encode(order{Do: "set"}); err != nil {
				return answer{}, p.died(err)
			}
			continue
		case a.Error != "":
			*p.errors = append(*p.errors, a.Error)
			return a, errors.New(a.Error)
		}
		return a, nil
	}
}

func (p *process) must(t testing.TB, o order) answer {
	t.Helper()
	a, err := p.do(o)
	if err != nil {
		t.Fatalf("%s: %v", o.Do, err)
	}
	return a
}

func (p *process) died(cause error) error {
	err := p.cmd.Wait()
	*p.errors = append(*p.errors, p.stderr.String())
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return errKilled
	}
	return fmt.Errorf("%w: the process ended: %v\n%s", cause, err, p.stderr.String())
}

// end ends the process, however it is.
func (p *process) end() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}
