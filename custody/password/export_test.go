package password

// What the tests count by hand.
var (
	Alphabet = Policy.alphabet
	Share    = Policy.share
)
