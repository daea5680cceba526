package html

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"image/png"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/flakeci/flakeci/internal/clean"
	"github.com/flakeci/flakeci/reports/view"
	"github.com/flakeci/flakeci/result"
)

// How much evidence a page holds, in bytes. A picture of a screen takes about 50 kB.
const (
	maxLog      = 1 << 20
	maxLogs     = 8 << 20
	minLog      = 16 << 10 // with less room, too little of a log to be useful
	maxPicture  = 2 << 20
	maxPictures = 8 << 20
	maxPixels   = 16 << 20 // of one picture: few bytes can hold many pixels
	maxLine     = 4000     // characters of one line
)

// evidence holds the files that a report names.
type evidence struct {
	Logs     []logFile
	Pictures []picture
	Missing  []missing

	read           func(string) ([]byte, error)
	raw            map[string]string // paths as the report has them, by their sanitized form
	known          map[string]*file
	logs, pictures int // bytes so far
}

// file is a file that the page names. Href leads to its content on the page, and is empty if
// that is missing.
type file struct{ Path, Href string }

// logFile is a log, or the end of it that fits.
type logFile struct {
	Number     int
	Path, Of   string
	Size, Left string // the size of the file; what was left out, if anything
	Text       string
}

// picture is a picture of a machine's screen.
type picture struct {
	Number        int
	Path, Of      string
	Width, Height int
	Data          template.URL
}

// missing says why a file is not on the page.
type missing struct{ Path, Why string }

// newEvidence collects the paths of all files that a report names.
func newEvidence(raw result.Report, read func(string) ([]byte, error)) *evidence {
	e := &evidence{read: read, raw: map[string]string{}, known: map[string]*file{}}
	keep := func(paths ...string) {
		for _, p := range paths {
			e.raw[sanitizer().Line(p)] = p
		}
	}
	for _, c := range raw.Causes {
		keep(c.Log)
	}
	for _, c := range raw.Cells {
		for _, p := range c.Phases {
			keep(append(p.Files, p.Log)...)
		}
	}
	return e
}

// file adds a file to the page and returns where it is, nil if the name is empty.
func (e *evidence) file(name, of string) *file {
	if name == "" {
		return nil
	}
	if known := e.known[name]; known != nil {
		return known
	}
	f := &file{Path: name}
	e.known[name] = f
	if e.read == nil {
		return f
	}
	add := e.log
	if strings.EqualFold(path.Ext(name), ".png") {
		add = e.picture
	}
	href, err := add(name, of)
	if err != nil {
		e.Missing = append(e.Missing, missing{name, sanitizer().Line(readable(err))})
	}
	f.Href = href
	return f
}

// readable says what is wrong with a file, without repeating its name.
func readable(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// log adds a log and returns the link to it.
func (e *evidence) log(name, of string) (string, error) {
	if maxLogs-e.logs < minLog {
		return "", fmt.Errorf("the page already holds %s of logs", view.FormatBytes(maxLogs))
	}
	data, err := e.read(e.raw[name])
	if err != nil {
		return "", err
	}
	log := logFile{Number: len(e.Logs), Path: name, Of: of, Size: view.FormatBytes(int64(len(data)))}
	if len(data) >= MaxEvidence {
		log.Size = "more than " + view.FormatBytes(MaxEvidence)
	}
	tail := lastBytes(data, min(maxLog, maxLogs-e.logs))
	if len(tail) < len(data) {
		log.Left = "only the last " + view.FormatBytes(int64(len(tail))) + " are here"
	}
	e.logs += len(tail)
	log.Text = view.Sanitizer{Clean: clean.XML, MaxWidth: maxLine, MaxLines: maxLog}.Tail(string(tail))
	e.Logs = append(e.Logs, log)
	return fmt.Sprintf("#log-%d", log.Number), nil
}

// lastBytes returns at most limit bytes from the end of a log. It begins at a new line if there
// is one nearby, else at a character.
func lastBytes(data []byte, limit int) []byte {
	if len(data) <= limit {
		return data
	}
	tail := data[len(data)-limit:]
	if i := bytes.IndexByte(tail, '\n'); i >= 0 && i < limit/4 {
		return tail[i+1:]
	}
	for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	return tail
}

// picture adds a picture and returns the link to it.
func (e *evidence) picture(name, of string) (string, error) {
	data, err := e.read(e.raw[name])
	if err != nil {
		return "", err
	}
	if len(data) > maxPicture || e.pictures+len(data) > maxPictures {
		return "", fmt.Errorf("%s is too large for the page", view.FormatBytes(int64(len(data))))
	}
	shape, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || shape.Width > maxPixels/shape.Height {
		return "", errors.New("not a picture that can be shown")
	}
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		return "", errors.New("not a picture that can be shown")
	}
	e.pictures += len(data)
	one := picture{
		Number: len(e.Pictures), Path: name, Of: of, Width: shape.Width, Height: shape.Height,
		Data: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(data)),
	}
	e.Pictures = append(e.Pictures, one)
	return fmt.Sprintf("#picture-%d", one.Number), nil
}
