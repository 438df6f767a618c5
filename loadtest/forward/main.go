// Command forward measures the forwarder beside rclone, which copies the same objects between the same
// stand-ins: see make bench-forward. It runs in the module's folder, on Linux.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/seneka-io/seneka/loadtest/markdown"
	"github.com/seneka-io/seneka/loadtest/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "forward:", err)
		os.Exit(1)
	}
}

// options are what the command is asked for.
type options struct {
	objects, large     string
	rclone             string
	workers, rounds    int
	withoutRclone, raw bool
	docs               string
}

func parse(args []string, progress io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("forward", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.StringVar(&o.objects, "objects", "1K:5000,64K:3000,1M:600", "sizes in bytes of the objects and their number, SIZE:NUMBER, separated by commas")
	flags.StringVar(&o.large, "large", "1G", "bytes of the large objects: 3 for -workers, and 8 for 64 workers; takes 16 times that below TMPDIR; empty: none")
	flags.IntVar(&o.workers, "workers", 16, "copies at a time")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each program copies the objects")
	flags.StringVar(&o.rclone, "rclone", "rclone", "path of rclone")
	flags.BoolVar(&o.withoutRclone, "without-rclone", false, "measure the forwarder alone")
	flags.BoolVar(&o.raw, "json", false, "print JSON")
	flags.StringVar(&o.docs, "docs", "", "put the table between the marks of this Markdown file")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.workers < 1 || o.rounds < 1 {
		return o, errors.New("-workers and -rounds are 1 or more")
	}
	return o, nil
}

// run measures what args ask for.
func run(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	cases, err := o.cases()
	if err != nil {
		return err
	}
	b := &bench{progress: progress}
	if b.folder, err = os.MkdirTemp("", "seneka-forward"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.folder)) }()
	if err := program.Build(ctx, b.folder, "./forwarder"); err != nil {
		return fmt.Errorf("run this in the module's folder: %w", err)
	}
	b.copiers = []copier{&forwarder{path: filepath.Join(b.folder, "forwarder")}}
	version := ""
	if !o.withoutRclone {
		r, err := findRclone(ctx, o.rclone)
		if err != nil {
			return err
		}
		b.copiers, version = append(b.copiers, r), r.version
	}
	var all []*result
	for _, c := range cases {
		results, err := b.measure(ctx, c)
		if err != nil {
			return err
		}
		all = append(all, results...)
	}
	switch {
	case o.raw:
		enc := json.NewEncoder(out)
		enc.SetIndent("", " ")
		return enc.Encode(all)
	case o.docs != "":
		return markdown.Embed(o.docs, "forward", report(all, version))
	default:
		_, err := io.WriteString(out, report(all, version))
		return err
	}
}

// findRclone returns the rclone of a path, or of a name in PATH.
func findRclone(ctx context.Context, name string) (*rclone, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("%w: install it (apt-get install rclone, or https://rclone.org/install), or measure the forwarder alone with -without-rclone", err)
	}
	text, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s version: %w", path, err)
	}
	var version string
	if _, err := fmt.Sscanf(string(text), "rclone %s", &version); err != nil {
		return nil, fmt.Errorf("%s version says %q", path, text)
	}
	return &rclone{path: path, version: version}, nil
}
