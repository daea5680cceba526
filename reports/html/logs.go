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

// What of evidence fits on a page, in bytes. A screen has some 50 kB.
const (
	mostLog      = 1 << 20
	mostLogs     = 8 << 20
	leastLog     = 16 << 10 // with less room than that a log would be a stump
	mostPicture  = 2 << 20
	mostPictures = 8 << 20
	mostPixels   = 16 << 20 // of one picture, since few bytes can hold many
	mostLine     = 4000     // characters of a line of a log
)

// evidence is what a report names as files: those that could be read.
type evidence struct {
	Logs     []logFile
	Pictures []picture
	Missing  []missing

	read           func(string) ([]byte, error)
	raw            map[string]string // paths as the report has them, by the clean ones
	known          map[string]*file
	logs, pictures int // bytes so far
}

// file is a file that something of the page points to. Href leads to it on
// the page; without one it is not there.
type file struct{ Path, Href string }

// logFile is a whole log, or what of it fits.
type logFile struct {
	Number     int
	Path, Of   string
	Size, Left string // how much there is; how much was left out, if anything
	Text       string
}

// picture is a picture of a machine's screen.
type picture struct {
	Number        int
	Path, Of      string
	Width, Height int
	Data          template.URL
}

// missing is why a file is not there.
type missing struct{ Path, Why string }

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

// file takes a file up into the page and returns where it is; nil if there is
// none to name.
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

// readable is what is wrong with a file, without saying again which it is.
func readable(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

func (e *evidence) log(name, of string) (string, error) {
	if mostLogs-e.logs < leastLog {
		return "", fmt.Errorf("the page holds %s of logs already", view.Bytes(mostLogs))
	}
	data, err := e.read(e.raw[name])
	if err != nil {
		return "", err
	}
	log := logFile{Number: len(e.Logs), Path: name, Of: of, Size: view.Bytes(int64(len(data)))}
	if len(data) >= MaxEvidence {
		log.Size = "more than " + view.Bytes(MaxEvidence)
	}
	tail := lastBytes(data, min(mostLog, mostLogs-e.logs))
	if len(tail) < len(data) {
		log.Left = "only the last " + view.Bytes(int64(len(tail))) + " are here"
	}
	e.logs += len(tail)
	log.Text = view.Sanitizer{Clean: clean.XML, MaxWidth: mostLine, MaxLines: mostLog}.Tail(string(tail))
	e.Logs = append(e.Logs, log)
	return fmt.Sprintf("#log-%d", log.Number), nil
}

// lastBytes returns the end of a log, from the beginning of a line on if there is
// one near.
func lastBytes(data []byte, most int) []byte {
	if len(data) <= most {
		return data
	}
	tail := data[len(data)-most:]
	if i := bytes.IndexByte(tail, '\n'); i >= 0 && i < most/4 {
		return tail[i+1:]
	}
	for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	return tail
}

func (e *evidence) picture(name, of string) (string, error) {
	data, err := e.read(e.raw[name])
	if err != nil {
		return "", err
	}
	if len(data) > mostPicture || e.pictures+len(data) > mostPictures {
		return "", fmt.Errorf("%s are too much for the page", view.Bytes(int64(len(data))))
	}
	shape, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || shape.Width > mostPixels/shape.Height {
		return "", errors.New("is no picture that can be shown")
	}
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		return "", errors.New("is no picture that can be shown")
	}
	e.pictures += len(data)
	one := picture{
		Number: len(e.Pictures), Path: name, Of: of, Width: shape.Width, Height: shape.Height,
		Data: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(data)),
	}
	e.Pictures = append(e.Pictures, one)
	return fmt.Sprintf("#picture-%d", one.Number), nil
}
