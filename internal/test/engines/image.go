package engines

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Programs of the image besides Nix. Hosts are booted with QEMU, by the script that nixpkgs writes.
var programs = []string{
	"bash", "git", "env", "cat", "mkdir", "rm", "cp", "mv", "ln", "ls", "chmod", "id", "uname", "mktemp", "stat", "date", "dirname", "basename", "readlink", "realpath",
	"qemu-system-x86_64", "qemu-img",
}

// WithNix returns the archive of an image made of Debian's programs on this machine, with a Nix in
// /usr/bin. Builds there run as a user of their own, as in the image of the Nix project.
func WithNix(nix string) ([]byte, error) {
	a := archive{done: map[string]bool{}}
	a.tar = tar.NewWriter(&a.out)
	a.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nnixbld1:x:30001:30000::/var/empty:/bin/false\nnixbld2:x:30002:30000::/var/empty:/bin/false\n")
	a.file("/etc/group", "root:x:0:\nnixbld:x:30000:nixbld1,nixbld2\n")
	a.file("/etc/nix/nix.conf", "substituters =\n")
	a.folders("nix")
	a.program(nix)
	for _, name := range programs {
		path, err := exec.LookPath(name)
		if err != nil {
			continue // QEMU is not everywhere
		}
		a.program(path)
		if base := "/usr/bin/" + name; path != base {
			a.link(base, path)
		}
	}
	a.link("/usr/bin/nix", nix)
	a.link("/bin/sh", "bash")
	modules, _ := filepath.Glob("/usr/lib/*/qemu/accel-*.so") // the pattern is valid
	for _, m := range modules {
		a.program(m)
	}
	for _, dir := range []string{"/usr/share/qemu", "/usr/share/seabios", "/usr/lib/ipxe/qemu"} {
		a.folder(dir)
	}
	return a.end()
}

// Bare returns the archive of an image without Nix.
func Bare() ([]byte, error) {
	a := archive{done: map[string]bool{}}
	a.tar = tar.NewWriter(&a.out)
	a.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
	a.folders()
	return a.end()
}

// folders adds the folders that every image has, and others.
func (a *archive) folders(others ...string) {
	for _, name := range append(others, "tmp", "root", "proc", "dev", "sys", "var") {
		mode := int64(0o755)
		if name == "tmp" {
			mode = 0o1777
		}
		a.write(tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode}, nil)
	}
}

// archive is an archive that is being written; its first error is kept.
type archive struct {
	out  bytes.Buffer
	tar  *tar.Writer
	done map[string]bool
	err  error
}

func (a *archive) end() ([]byte, error) {
	if a.err == nil {
		a.err = a.tar.Close()
	}
	return a.out.Bytes(), a.err
}

func (a *archive) write(h tar.Header, content []byte) {
	if h.Name = strings.TrimPrefix(h.Name, "/"); a.err != nil || a.done[h.Name] {
		return
	}
	a.done[h.Name] = true
	h.Size = int64(len(content))
	if a.err = a.tar.WriteHeader(&h); a.err == nil {
		_, a.err = a.tar.Write(content)
	}
}

func (a *archive) file(path, text string) {
	a.write(tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: 0o644}, []byte(text))
}

func (a *archive) link(path, to string) {
	a.write(tar.Header{Typeflag: tar.TypeSymlink, Name: path, Linkname: to, Mode: 0o777}, nil)
}

// copy adds the file at a path, following links. It ignores what is not there.
func (a *archive) copy(path string) {
	content, err := os.ReadFile(path)
	if err == nil {
		a.write(tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: 0o755}, content)
	}
}

var libraryRE = regexp.MustCompile(`/\S+`)

// program adds a program or library, with the libraries that it needs.
func (a *archive) program(path string) {
	a.copy(path)
	list, _ := exec.Command("ldd", path).Output() // of a static one there is none
	for _, library := range libraryRE.FindAllString(string(list), -1) {
		if !slices.Contains([]string{path, path + ":"}, library) {
			a.copy(library)
		}
	}
}

// folder adds the files of a folder.
func (a *archive) folder(dir string) {
	entries, _ := os.ReadDir(dir) // QEMU may not be installed
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); isFile(path) {
			a.copy(path)
		}
	}
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}
