package jsonl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-custody/tandem/audit"
)

// stride is how many lines there are from one remembered offset to the next. It
// is how audit.Verify cuts a log up, so that no line is read for nothing.
const stride = 512

// longest is more than the longest line that can be a record with its texts, its end
// and a mark before it.
const longest = 3 * audit.MaxEntrySize

// Line is a line that has more than its record.
type Line struct {
	Entry jsontext.Value `json:"entry"`
	Texts jsontext.Value `json:"texts"`
}

const lineBegins = `{"entry":`

// Export is an export to read at any place. It is safe for use by several
// goroutines.
type Export struct {
	// Beside, if not nil, takes what stands beside a record, before the record is
	// given. Several goroutines may call it at once.
	Beside func(index int64, texts jsontext.Value)

	text  io.ReaderAt
	bytes int64
	lines int64
	marks []int64 // where line i * stride begins
}

var _ audit.Source = (*Export)(nil)

// Open reads an export of size bytes once, to count its lines; it remembers 8
// bytes for each 512 of them. The export must stay as it is. It returns soon when
// ctx is done.
func Open(ctx context.Context, text io.ReaderAt, size int64) (*Export, error) {
	e := &Export{text: text, bytes: size}
	buffer := make([]byte, 256<<10)
	r := io.NewSectionReader(text, 0, size)
	inLine := false
	for offset := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := r.Read(buffer)
		for some := buffer[:n]; len(some) > 0; {
			if !inLine {
				if e.lines%stride == 0 {
					e.marks = append(e.marks, offset)
				}
				e.lines++
			}
			end := bytes.IndexByte(some, '\n') + 1
			if inLine = end == 0; inLine {
				end = len(some)
			}
			some, offset = some[end:], offset+int64(end)
		}
		if errors.Is(err, io.EOF) {
			return e, nil
		}
		if err != nil {
			return nil, fmt.Errorf("jsonl: after %d lines: %w", e.lines, err)
		}
	}
}

// Size is the number of lines. The last one need not have an end.
func (e *Export) Size(context.Context) (int64, error) { return e.lines, nil }

// Records gives the lines [from, to) as far as there are such lines. Of a line
// that is too long for a record it gives so much that nobody takes it for one.
func (e *Export) Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error {
	to = min(to, e.lines)
	if from < 0 || from >= to {
		return nil
	}
	start := e.marks[from/stride]
	r := bufio.NewReaderSize(io.NewSectionReader(e.text, start, e.bytes-start), longest)
	for index := from - from%stride; index < to; index++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("jsonl: line %d: %w", index+1, err)
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil // shorter than it was
		}
		if index >= from {
			if err := yield(index, e.record(index, line)); err != nil {
				return err
			}
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
	}
	return nil
}

// record takes off a line what belongs to its file: its end, of two characters where
// a mail program or an editor made it so, and a mark at the beginning of the file. A
// record has neither: it is JSON in one line, and begins with a brace. What stands
// beside it is not of it; a line that is not understood is no record.
func (e *Export) record(index int64, line []byte) []byte {
	if index == 0 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	var with Line
	if !bytes.HasPrefix(line, []byte(lineBegins)) || json.Unmarshal(line, &with, json.RejectUnknownMembers(true)) != nil {
		return line
	}
	if e.Beside != nil {
		e.Beside(index, with.Texts)
	}
	return with.Entry
}
