// Package envelope is the file that opens when Tandem itself is down (密码信封): one
// password, closed so that any two of its keyholders open it and none of them alone.
//
// It knows the format, how a folder of such files is written, and age, which does all of
// the encryption. It does not know who the keyholders are, when an envelope is due, or the
// ledger; what opens one needs no server, no configuration and no network.
//
// # The file
//
// A file is one JSON object, in which an unknown or repeated name is refused:
//
//	{
//	  "format":     "tandem-envelope-1",
//	  "origin":     "tandem.example.com/ledger",
//	  "credential": "db01-root",
//	  "version":    7,
//	  "number":     9,
//	  "made":       "2026-11-28T12:00:00Z",
//	  "pairs": [
//	    {"of": ["ann", "bob"], "age": "-----BEGIN AGE ENCRYPTED FILE-----\n…"}
//	  ]
//	}
//
// There is one pair for each two of the keyholders, whose names are in order. What "age"
// has is encrypted to the first of the two; inside it is another age file, encrypted to the
// second; inside that is the letter, as JSON: everything above but the pairs once more, and
// "kind", "address", "account", "password" and "proof". Whoever moves a file to another
// name, or writes another label on it, is found out by the label inside. The letter is
// filled up with blanks to a multiple of 256 bytes, so that the length of a file does not
// tell that of the password.
//
// A person without Tandem opens one with age alone:
//
//	jq -r '.pairs[0].age' FILE | age -d -i ANN.txt | age -d -i BOB.txt
package envelope
