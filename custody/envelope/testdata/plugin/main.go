// Command age-plugin-tandemtest is a plug-in of age's whose "hardware" is the text of the
// key itself.
package main

import (
	"flag"
	"fmt"
	"os"

	"filippo.io/age"
	"filippo.io/age/plugin"
)

func main() {
	p, err := plugin.New("tandemtest")
	if err != nil {
		panic(err)
	}
	p.RegisterFlags(flag.CommandLine)
	makes := flag.Bool("make", false, "make a key")
	flag.Parse()
	if *makes {
		key, err := age.GenerateX25519Identity()
		if err != nil {
			panic(err)
		}
		fmt.Println(plugin.EncodeRecipient("tandemtest", []byte(key.Recipient().String())))
		fmt.Println(plugin.EncodeIdentity("tandemtest", []byte(key.String())))
		return
	}
	p.HandleRecipient(func(data []byte) (age.Recipient, error) { return age.ParseX25519Recipient(string(data)) })
	p.HandleIdentity(func(data []byte) (age.Identity, error) { return age.ParseX25519Identity(string(data)) })
	os.Exit(p.Main())
}
