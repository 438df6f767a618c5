package gcs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestStateSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	c, stop := start(t, Options{Dir: dir})
	if err := c.SetNotification(bkt, topicName); err != nil {
		t.Fatal(err)
	}
	kept, gone := c.put("kept", "data"), c.put("gone", "data")
	c.do("PATCH", objectPath("kept"), `{"metadata":{"k":"v"}}`)
	c.do("DELETE", objectPath("gone"), "")
	stop()

	c, _ = start(t, Options{Dir: dir})
	o := c.object(c.do("GET", objectPath("kept"), ""))
	if o.Generation != kept.Generation || o.Metageneration != 2 || o.Metadata["k"] != "v" {
		t.Errorf("after the restart: %+v", o)
	}
	if !strings.HasPrefix(o.SelfLink, c.url+"/") {
		t.Errorf("selfLink %s does not lead to the server's new address %s", o.SelfLink, c.url)
	}
	if r := c.do("GET", "/"+bkt+"/kept", ""); r.body != "data" {
		t.Errorf("bytes after the restart: %q", r.body)
	}
	if r := c.do("GET", objectPath("gone"), ""); r.status != 404 {
		t.Errorf("a deleted object is back: %d", r.status)
	}
	if again := c.put("gone", "new"); again.Generation <= gone.Generation {
		t.Errorf("generation %d after %d", again.Generation, gone.Generation)
	}
	if r := c.do("GET", "/storage/v1/b/"+bkt+"/notificationConfigs", ""); !strings.Contains(r.body, topicName) {
		t.Errorf("notification configurations after the restart: %s", r.body)
	}
}

// Generations rise whatever the clock does, across names and restarts.
func TestGenerationsRise(t *testing.T) {
	dir, clk := t.TempDir(), &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	last := int64(0)
	for range 3 {
		c, stop := start(t, Options{Dir: dir, Now: clk.now})
		for _, name := range []string{"a", "a", "b", "a"} {
			g := c.put(name, "x").Generation
			if g <= last {
				t.Errorf("generation %d after %d", g, last)
			}
			last = g
			c.do("DELETE", objectPath("b"), "")
			clk.add(-time.Minute)
		}
		stop()
	}
}

func TestSecondServerOnTheSameFolder(t *testing.T) {
	dir := t.TempDir()
	start(t, Options{Dir: dir})
	if s, err := New(Options{Dir: dir}); err == nil {
		s.Close()
		t.Fatal("two servers share a folder")
	} else if !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %q does not say that the folder is in use", err)
	}
}

// files lists the files below dir/sub.
func files(t *testing.T, dir, sub string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, sub), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// What is overwritten, deleted, refused or cancelled leaves no file behind.
func TestNoFileIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	c, _ := start(t, Options{Dir: dir})
	c.put("a", "1")
	c.put("a", "2")
	c.put("b", "3")
	c.do("DELETE", objectPath("b"), "")
	if r := c.do("POST", uploadPath("media", "a", "&ifGenerationMatch=0"), "x"); r.status != 412 {
		t.Errorf("status %d, want 412", r.status)
	}
	if r := c.do("POST", uploadPath("media", "c"), "x", "X-Goog-Hash: crc32c=AAAAAA=="); r.status != 400 {
		t.Errorf("status %d, want 400", r.status)
	}
	id := c.session("d")
	c.chunk(id, "bytes 0-262143/*", strings.Repeat("x", chunkUnit))
	if r := c.do("DELETE", id, ""); r.status != statusCancelled {
		t.Errorf("cancellation answered %d, want %d", r.status, statusCancelled)
	}
	if r := c.do("PUT", id, "", "Content-Range: bytes */*"); r.status != 404 {
		t.Errorf("a cancelled session answered %d, want 404", r.status)
	}
	if got := append(files(t, dir, "blobs"), files(t, dir, "uploads")...); len(got) != 1 {
		t.Errorf("files %v, want one for the only object", got)
	}
}

func TestSweep(t *testing.T) {
	dir, clk := t.TempDir(), &clock{at: time.Now()}
	c, stop := start(t, Options{Dir: dir, Now: clk.now})
	c.put("a", "1")
	old := c.session("old")
	clk.add(4 * 24 * time.Hour)
	young := c.session("young")
	for _, s := range []string{old, young} {
		c.chunk(s, "bytes 0-262143/*", strings.Repeat("x", chunkUnit))
	}
	stop()
	for _, orphan := range []string{"uploads/0123", "blobs/01/0123"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(orphan)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, orphan), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	clk.add(4 * 24 * time.Hour)
	c, _ = start(t, Options{Dir: dir, Now: clk.now})
	if b, u := files(t, dir, "blobs"), files(t, dir, "uploads"); len(b) != 1 || len(u) != 1 {
		t.Errorf("files after a week: %v, %v; want the object and the young session", b, u)
	}
	if r := c.do("PUT", young, "", "Content-Range: bytes */*"); r.status != 308 {
		t.Errorf("the young session answers %d", r.status)
	}
	if r := c.do("PUT", old, "", "Content-Range: bytes */*"); r.status != 404 {
		t.Errorf("the session past its week answers %d", r.status)
	}
}

const helperEnv = "SENEKA_GCS_TEST_DIR"

// helper is the process that TestKill kills: it serves, with a topic that cannot be reached, and
// uploads and overwrites for ever; it prints each generation that was acknowledged.
func helper() {
	dir := os.Getenv(helperEnv)
	if dir == "" {
		return
	}
	s, err := New(Options{Dir: dir, Publish: func(context.Context, string, []byte, map[string]string) error { return errors.New("no broker") }})
	if err == nil {
		err = errors.Join(s.CreateBucket(bkt), s.SetNotification(bkt, topicName))
	}
	if err != nil {
		panic(err)
	}
	h := httptest.NewServer(s)
	var mu sync.Mutex
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				res, err := http.Post(h.URL+uploadPath("media", fmt.Sprintf("%d-%d", w, i%50)), "text/plain", strings.NewReader(fmt.Sprint(i)))
				if err != nil {
					panic(err)
				}
				var o object
				if err := json.NewDecoder(res.Body).Decode(&o); err != nil {
					panic(err)
				}
				res.Body.Close()
				mu.Lock()
				fmt.Println(o.Name, o.Generation)
				mu.Unlock()
			}
		}()
	}
	select {}
}

// TestKill kills a server at a random moment. Every upload that it acknowledged is there, or a
// later one of the same name, readable; and every one is announced by the next server.
func TestKill(t *testing.T) {
	for round := range 3 {
		dir := t.TempDir()
		acknowledged := runAndKill(t, dir, 200+151*round)
		var mu sync.Mutex
		announced := map[string]bool{}
		all := make(chan struct{})
		c, _ := start(t, Options{Dir: dir, Publish: func(_ context.Context, _ string, _ []byte, a map[string]string) error {
			mu.Lock()
			defer mu.Unlock()
			announced[a["objectId"]+" "+a["objectGeneration"]] = true
			for _, line := range acknowledged {
				if !announced[line] {
					return nil
				}
			}
			select {
			case <-all:
			default:
				close(all)
			}
			return nil
		}})
		select {
		case <-all:
		case <-time.After(30 * time.Second):
			t.Error("an acknowledged upload was not announced")
		}
		for _, line := range acknowledged {
			name, gen, _ := strings.Cut(line, " ")
			o := c.object(c.do("GET", objectPath(name), ""))
			if fmt.Sprint(o.Generation) < gen {
				t.Errorf("%s is at generation %d, but %s was acknowledged", name, o.Generation, gen)
			}
			if r := c.do("GET", "/"+bkt+"/"+name, ""); r.status != 200 || int64(len(r.body)) != o.Size {
				t.Errorf("%s: %d, %d bytes of %d", name, r.status, len(r.body), o.Size)
			}
		}
		if o, f := c.names(""), files(t, dir, "blobs"); len(o) != len(f) {
			t.Errorf("%d objects have %d files", len(o), len(f))
		}
	}
}

// runAndKill runs helper until it has printed n lines, kills it, and returns what it printed.
func runAndKill(t *testing.T, dir string, n int) (lines []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		lines = append(lines, s.Text())
		if len(lines) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(lines) < n {
		t.Fatalf("the process ended by itself after %d uploads: %v", len(lines), err)
	}
	return lines
}
