package engines

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// call sends a request to the engine's API, which is the same for Docker and Podman.
func (e *Engine) call(method, path string, body io.Reader) ([]byte, error) {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", strings.TrimPrefix(e.Host, "unix://"))
		},
	}}
	req, err := http.NewRequest(method, "http://engine/v1.41"+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/images/") {
		req.Header.Set("Content-Type", "application/x-tar")
	}
	answer, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return text, err
}

func (e *Engine) get(path string) ([]byte, error) { return e.call(http.MethodGet, path, nil) }

func (e *Engine) decode(path string, into any) error {
	text, err := e.get(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// Import makes an image of an archive.
func (e *Engine) Import(archive io.Reader, name string) error {
	_, err := e.call(http.MethodPost, "/images/create?fromSrc=-&repo="+name+"&tag=latest", archive)
	return err
}

// run runs a program in a container until it has ended, and removes the container.
func (e *Engine) run(image, program string) error {
	ask, err := json.Marshal(map[string]any{"Image": image, "Cmd": []string{program}})
	if err != nil {
		return err
	}
	text, err := e.call(http.MethodPost, "/containers/create", bytes.NewReader(ask))
	var made struct{ ID string }
	if err == nil {
		err = json.Unmarshal(text, &made)
	}
	if err != nil {
		return err
	}
	_, err = e.call(http.MethodPost, "/containers/"+made.ID+"/start", nil)
	if err == nil {
		_, err = e.call(http.MethodPost, "/containers/"+made.ID+"/wait", nil)
	}
	_, removed := e.call(http.MethodDelete, "/containers/"+made.ID+"?force=1&v=1", nil)
	return errors.Join(err, removed)
}
