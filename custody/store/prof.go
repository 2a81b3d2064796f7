package store
import "time"
var prof map[string]time.Duration
