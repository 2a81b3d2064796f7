package export

import (
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"github.com/tandem-custody/tandem/custody"
)

// What a sheet can hold (Excel specifications and limits).
const (
	maxRows = 1 << 20
	maxText = 32_767 // UTF-16 units in a cell
)

// xlsxWriter keeps what it has written in temporary files of excelize's, not in
// memory; a second million entries goes on the next sheet.
type xlsxWriter struct {
	to     io.Writer
	file   *excelize.File
	sheet  *excelize.StreamWriter
	sheets int
	row    int
}

func newXLSX(w io.Writer) (Writer, error) {
	x := &xlsxWriter{to: w, file: excelize.NewFile()}
	return x, x.next()
}

func (x *xlsxWriter) Write(index int64, record []byte, texts map[string]custody.Words) error {
	if x.row == maxRows {
		if err := x.sheet.Flush(); err != nil {
			return err
		}
		if err := x.next(); err != nil {
			return err
		}
	}
	row, err := cells(index, record, texts)
	if err != nil {
		return err
	}
	values := []any{index}
	for _, cell := range row[1:] {
		for _, part := range split(cell) {
			values = append(values, part)
		}
	}
	return x.add(values)
}

// split cuts a text into parts that fit into a cell each: only data, in the last
// column, is ever longer.
func split(text string) []string {
	var parts []string
	units, begin := 0, 0
	for i, r := range text {
		n := 1
		if r > 0xFFFF {
			n = 2
		}
		if units+n > maxText {
			parts, begin, units = append(parts, text[begin:i]), i, 0
		}
		units += n
	}
	return append(parts, text[begin:])
}

func (x *xlsxWriter) next() (err error) {
	x.sheets++
	name := fmt.Sprintf("ledger %d", x.sheets)
	if x.sheets == 1 {
		err = x.file.SetSheetName("Sheet1", name)
	} else {
		_, err = x.file.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if x.sheet, err = x.file.NewStreamWriter(name); err != nil {
		return err
	}
	x.row = 0
	head := make([]any, len(columns))
	for i, column := range columns {
		head[i] = column
	}
	return x.add(head)
}

// add writes strings as strings: none becomes a formula.
func (x *xlsxWriter) add(values []any) error {
	x.row++
	return x.sheet.SetRow(fmt.Sprintf("A%d", x.row), values)
}

func (x *xlsxWriter) Close() error {
	if err := x.sheet.Flush(); err != nil {
		return err
	}
	if err := x.file.Write(x.to); err != nil {
		return err
	}
	return x.file.Close() // and its temporary files
}
