// Package export writes entries of the ledger to files that other programs read.
//
//	csv    for spreadsheets: RFC 4180, with a byte order mark, or they misread
//	       Chinese, and with nothing that they take for a formula
//	xlsx   for spreadsheets: ISO/IEC 29500
//	jsonl  for machines: each line one record, byte for byte what the ledger's
//	       tree commits to, so that an export from index 0 can be verified; where
//	       texts came with it, {"entry": the record, "texts": {commitment: {"salt",
//	       "text"}}}
//
// It knows entries and formats. It must not know where entries come from, nor
// hold more than one of them: a ledger may be larger than memory.
package export
