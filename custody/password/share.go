package password

// maxMoves bounds the work of share for each character, to tenths of a second
// for all.
const maxMoves = 1 << 18

// share is the share of all words of the policy's length over its alphabet that
// the policy allows, from 0 to 1. It is exact but for rounding: it follows how
// likely each tally of the classes is, character by character. known is false
// when there are more tallies than can be followed.
func (p Policy) share() (share float64, known bool) {
	// A tally counts each class up to its Min. It is kept as one number, whose
	// digits are the counts: step is what one more of a class adds.
	step, tallies := make([]int, len(p.Classes)), 1
	for i, class := range p.Classes {
		step[i] = tallies
		if tallies *= class.Min + 1; tallies > maxMoves {
			return 0, false
		}
	}
	// Characters that are in the same classes move a tally alike.
	alphabet := p.alphabet()
	alike := map[[maxClasses]bool]float64{}
	for _, c := range alphabet {
		var in [maxClasses]bool
		for i, class := range p.Classes {
			in[i] = count(string(c), class.Chars) > 0
		}
		alike[in] += 1 / float64(len(alphabet))
	}
	if tallies*len(alike) > maxMoves {
		return 0, false
	}
	now := make([]float64, tallies)
	now[0] = 1
	for range p.Length {
		next := make([]float64, tallies)
		for tally, likely := range now {
			if likely == 0 {
				continue
			}
			for in, chance := range alike {
				moved := tally
				for i, class := range p.Classes {
					if in[i] && tally/step[i]%(class.Min+1) < class.Min {
						moved += step[i]
					}
				}
				next[moved] += likely * chance
			}
		}
		now = next
	}
	return now[tallies-1], true
}
