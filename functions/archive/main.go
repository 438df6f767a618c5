// Command archive packs the source of the managed function into a zip file, as Cloud Functions takes
// it: the module's root package and what it links, without tests, and a go.mod of the modules that
// these need, so that a build fetches nothing else. The same source gives the same bytes.
//
// Usage: archive -o FILE, in the module's root.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	out := flag.String("o", "function.zip", "`FILE` to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, ".", *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		os.Exit(1)
	}
}

// run writes the archive of the module at root. A file is there only if all of it could be written.
func run(ctx context.Context, root, out string) (err error) {
	tree, err := os.MkdirTemp("", "seneka-function-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tree)) }()
	if err := gather(ctx, root, tree); err != nil {
		return err
	}
	var packed bytes.Buffer
	if err := pack(&packed, os.DirFS(tree)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o750); err != nil {
		return err
	}
	return os.WriteFile(out, packed.Bytes(), 0o600)
}

// source is a package as go list tells of it.
type source struct {
	Dir    string
	Module *struct{ Main bool }

	GoFiles, IgnoredGoFiles, SFiles, IgnoredOtherFiles, EmbedFiles []string
}

// gather copies what the function is built from into tree.
func gather(ctx context.Context, root, tree string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	for _, name := range []string{"go.mod", "go.sum", "LICENSE"} {
		if err := copyFile(filepath.Join(root, name), filepath.Join(tree, name)); err != nil {
			return err
		}
	}
	listed, err := command(ctx, root, "go", "list", "-deps", "-json=Dir,Module,GoFiles,IgnoredGoFiles,SFiles,IgnoredOtherFiles,EmbedFiles", ".")
	if err != nil {
		return err
	}
	for d := json.NewDecoder(bytes.NewReader(listed)); ; {
		var p source
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read what go list says: %w", err)
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		if err := p.copy(root, tree); err != nil {
			return err
		}
	}
	_, err = command(ctx, tree, "go", "mod", "tidy")
	return err
}

// copy copies a package's files.
func (p source) copy(root, tree string) error {
	folder, err := filepath.Rel(root, p.Dir)
	if err != nil {
		return err
	}
	for _, names := range [][]string{p.GoFiles, p.IgnoredGoFiles, p.SFiles, p.IgnoredOtherFiles, p.EmbedFiles} {
		for _, name := range names {
			if err := copyFile(filepath.Join(p.Dir, name), filepath.Join(tree, folder, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// command runs a program in a folder and returns what it prints; its error holds what it complains of.
func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("%s: %w: %s", cmd, err, bytes.TrimSpace(exit.Stderr))
	}
	return out, err
}

// epoch is the time of every file: a zip file knows none before 1980.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack writes the files in the order of their names.
func pack(w io.Writer, tree fs.FS) error {
	z := zip.NewWriter(w)
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree, path)
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: path, Method: zip.Deflate, Modified: epoch}
		header.SetMode(0o644)
		f, err := z.CreateHeader(header)
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return err
	})
	return errors.Join(err, z.Close())
}
