package desk

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// devicePurpose is what the rows of devices are marked for: one that somebody wrote
// must not lead past the lock of a name.
const devicePurpose = "device"

func deviceText(person string, tokenHash [32]byte) []byte {
	return fmt.Appendf(nil, "%q\n%x\n", person, tokenHash)
}

// inDevice gives who has logged in in a device.
func (d *Desk) inDevice(ctx context.Context, device custody.Secret) (people []string, err error) {
	if device.IsZero() {
		return nil, nil
	}
	hash := sha256.Sum256(device.Bytes())
	rows, err := d.Accounts.Devices(ctx, hash)
	for _, row := range rows {
		genuine, err := d.checkMAC(ctx, devicePurpose, deviceText(row.Person, hash), row.Mark)
		if err != nil {
			return nil, err
		}
		if genuine {
			people = append(people, row.Person)
		} else {
			d.madeUp("that somebody had logged in in a device", row.Person)
		}
	}
	return people, err
}

// place is the device of a log-in.
type place struct {
	token  custody.Secret // zero: it has none
	made   bool           // just now
	device string         // which it is, as the ledger has it (custody.Session.In); "": it has no token
}

// deviceOf gives the device of a log-in, with a token for one that has none which is ours,
// where it is to have one. A token is ours also where somebody took its rows out of the
// database: the ledger knows it, and the device goes on being what it was.
func (d *Desk) deviceOf(ctx context.Context, in SignInRequest) (place, error) {
	at := place{token: in.From.Device}
	people, err := d.inDevice(ctx, at.token)
	if err != nil {
		return place{}, err
	}
	if !at.token.IsZero() {
		if at.device, err = d.deviceOnRecord(ctx, at.token); err != nil {
			return place{}, err
		}
		if len(people) > 0 || d.knowsDevice(at.device) {
			return at, nil
		}
	}
	if !in.Remember {
		return place{}, nil
	}
	at = place{token: newToken(), made: true}
	at.device, err = d.deviceOnRecord(ctx, at.token)
	return at, err
}

// deviceOnRecord is what the ledger calls the device that keeps a token: custody.Session.In.
func (d *Desk) deviceOnRecord(ctx context.Context, token custody.Secret) (string, error) {
	return d.hidden(ctx, "device on record "+token.Reveal())
}

func (d *Desk) knowsDevice(device string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.KnowsDevice(device)
}

// rememberDevice notes that the person has logged in there.
func (d *Desk) rememberDevice(ctx context.Context, username string, at place) error {
	if at.token.IsZero() {
		return nil
	}
	hash := sha256.Sum256(at.token.Bytes())
	mark, err := d.mac(ctx, devicePurpose, deviceText(username, hash))
	if err != nil {
		return err
	}
	return d.Accounts.SeeDevice(ctx, username, hash, d.Clock.Now(), mark)
}

// session is the log-in by which a command came, as the ledger knows it.
func (by By) session() string {
	if by.Token.IsZero() {
		return ""
	}
	return sessionOf(by.Token)
}

// SameDevice gives who asked for an open proposal, or approved it, in the device of
// somebody's log-in, for them to see before they approve it. The error is that of reading.
func (d *Desk) SameDevice(ctx context.Context, by By, proposal string) ([]string, error) {
	if err := d.catchUpToRead(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.SameDevice(proposal, by.Actor, by.session()), nil
}

// SameDeviceOf is SameDevice of an emergency.
func (d *Desk) SameDeviceOf(ctx context.Context, by By, emergency string) ([]string, error) {
	if err := d.catchUpToRead(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.SameDeviceOf(emergency, by.Actor, by.session()), nil
}
