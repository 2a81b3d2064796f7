package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-custody/tandem/cmd/unseen"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// terminal is a pseudo-terminal, as a person sits before one.
type terminal struct {
	t      *testing.T
	us     *os.File
	theirs *os.File

	mu   sync.Mutex
	read string
	over chan struct{} // closed when nobody has it open any more, and all that came was read
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	us, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	must(t, err)
	t.Cleanup(func() { us.Close() })
	must(t, unix.IoctlSetPointerInt(int(us.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(us.Fd()), unix.TIOCGPTN)
	must(t, err)
	theirs, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	term := &terminal{t: t, us: us, theirs: theirs, over: make(chan struct{})}
	go func() {
		defer close(term.over)
		some := make([]byte, 4096)
		for {
			n, err := us.Read(some)
			term.mu.Lock()
			term.read += string(some[:n])
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return term
}

func (s *terminal) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

// wholly waits until all that whoever had it said before they ended was read.
func (s *terminal) wholly() {
	s.t.Helper()
	select {
	case <-s.over:
	case <-time.After(30 * time.Second):
		s.t.Fatalf("the terminal was not given back, and shows %q", s.shown())
	}
}

// types waits until something is asked for, and answers.
func (s *terminal) types(question, answer string) {
	s.t.Helper()
	for until := time.Now().Add(30 * time.Second); !strings.HasSuffix(s.shown(), question); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			s.t.Fatalf("waited for %q, and saw %q", question, s.shown())
		}
	}
	s.mu.Lock()
	s.read += "|"
	s.mu.Unlock()
	_, err := s.us.WriteString(answer + "\n")
	must(s.t, err)
}

// TestTheFirstAdminSetsUpTheirLogInAtTheTerminal: a password that nobody sees, a QR code,
// recovery codes; whoever breaks off begins again, and whoever is through does not.
func TestTheFirstAdminSetsUpTheirLogInAtTheTerminal(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const password = "kupfer-7-Laterne!"
	begin := func(password string) (*terminal, func() int) {
		term := newTerminal(t)
		cmd := exec.CommandContext(t.Context(), "tandem", "init", "--username", "ada", "--name", "Ada", "--config", h.file("tandem.yaml"))
		cmd.Stdin, cmd.Stdout, cmd.Stderr = term.theirs, term.theirs, term.theirs
		must(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		must(t, term.theirs.Close())
		term.types("New password: ", password)
		term.types("once more: ", password)
		return term, func() int { _ = cmd.Wait(); term.wholly(); return cmd.ProcessState.ExitCode() }
	}
	seedOf := func(term *terminal) string {
		const asks = "The six digits that it shows: "
		term.types(asks, "12345") // no code
		term.types(asks, "hunter2")
		found := regexp.MustCompile(`type the key ([A-Z2-7]+)`).FindStringSubmatch(term.shown())
		if found == nil || !strings.Contains(term.shown(), "▀") {
			t.Fatalf("no authenticator in %q", term.shown())
		}
		return found[1]
	}
	easy, ended := begin("password1!")
	if code := ended(); code != 2 || !strings.Contains(easy.shown(), "easy to guess") {
		t.Errorf("an easy password: exit %d, %s", code, easy.shown())
	}
	brokenOff, ended := begin(password)
	lost := seedOf(brokenOff)
	must(t, brokenOff.us.Close())
	if code := ended(); code == 0 {
		t.Error("broken off, and done")
	}

	term, ended := begin(password)
	seed := seedOf(term)
	if seed == lost {
		t.Error("the seed of before was shown again")
	}
	code, err := totp.Code(custody.SecretString(seed), totp.Step(totp.DefaultPeriod, time.Now()))
	must(t, err)
	term.types("The six digits that it shows: ", code)
	if code := ended(); code != 0 {
		t.Fatalf("exit %d: %s", code, term.shown())
	}
	shown := term.shown()
	if codes := regexp.MustCompile(`(?m)^([A-Z2-7]{4}-){4}[A-Z2-7]{4}`).FindAllString(shown, -1); len(codes) != 10 {
		t.Errorf("%d recovery codes: %s", len(codes), shown)
	}
	if strings.Contains(shown, password) {
		t.Errorf("the password can be read: %s", shown)
	}
	if _, said, code := h.tandem("init", "--username", "ada", "--name", "Ada"); code != 3 || !strings.Contains(said, "has people already") {
		t.Errorf("afterwards: exit %d, %s", code, said)
	}
}

// TestAPasswordThatIsTypedWithTheQuestionIsNotSeen: a password manager types the moment that
// it is asked. For as long as the terminal still showed what is typed, it stood there.
func TestAPasswordThatIsTypedWithTheQuestionIsNotSeen(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	asked := atOnce{term, "kupfer-7-Laterne!"}
	got, err := unseen.Ask(term.theirs, asked, "Password: ")
	if err != nil || got.Reveal() != asked.answer {
		t.Errorf("took %d characters: %v", len(got.Reveal()), err)
	}
	must(t, term.theirs.Close())
	term.wholly()
	if shown := term.shown(); !strings.HasPrefix(shown, "Password: ") || strings.Contains(shown, asked.answer) {
		t.Errorf("shown: %q", shown)
	}
}

// atOnce is a screen on which the answer is typed while the question is being written.
type atOnce struct {
	*terminal
	answer string
}

func (s atOnce) Write(text []byte) (int, error) {
	if strings.Contains(string(text), "Password") {
		if _, err := s.us.WriteString(s.answer + "\r"); err != nil {
			return 0, err
		}
		time.Sleep(50 * time.Millisecond) // a terminal that shows it has done so by then
	}
	return s.theirs.Write(text)
}

// TestAQRCodeOnATerminalIsWhole: each row as wide as the others, with its light border.
func TestAQRCodeOnATerminalIsWhole(t *testing.T) {
	drawn, err := terminalQR("otpauth://totp/house.test:ada?secret=JBSWY3DPEHPK3PXP")
	must(t, err)
	rows := strings.Split(strings.TrimSuffix(drawn, "\n"), "\n")
	cells := func(row string) string {
		return strings.TrimSuffix(strings.TrimPrefix(row, "\x1b[38;5;16;48;5;231m"), "\x1b[0m")
	}
	width := len([]rune(cells(rows[0])))
	for _, row := range rows {
		if n := len([]rune(cells(row))); n != width {
			t.Errorf("a row of %d, want %d", n, width)
		}
	}
	if strings.TrimSpace(cells(rows[0])) != "" || strings.TrimSpace(cells(rows[1])) != "" || !strings.HasPrefix(cells(rows[2]), "    █▀▀▀▀▀█") || (width+1)/2 != len(rows) {
		t.Errorf("%d rows of %d:\n%s", len(rows), width, drawn)
	}
	if _, err := terminalQR(strings.Repeat("x", 5000)); err == nil || strings.Contains(err.Error(), "xx") {
		t.Errorf("too much for one: %v", err)
	}
}
