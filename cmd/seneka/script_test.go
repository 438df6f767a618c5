package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seneka-io/seneka/internal/localcloud/dashboard"
)

var updateFlag = flag.Bool("update", false, "write into the scripts what the commands print now")

// The command line as its users meet it: what is printed, where, and the exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "await": awaitFile, "s3put": s3Put, "s3remove": s3Remove, "sha256": sha256Of,
			"put": putFile,
		},
		Deadline:            time.Now().Add(10 * patience), // of all together
		UpdateScripts:       *updateFlag,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// exits runs a program and checks its exit code: exits CODE PROGRAM [ARGUMENT …]
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT …]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// awaitFile waits until a file is there: await FILE
func awaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	path := ts.MkAbs(args[0])
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s is not there after %s", args[0], patience)
		}
	}
}

// s3Put stores a file in the local S3: s3put READY-FILE FILE BUCKET/KEY
func s3Put(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: s3put READY-FILE FILE BUCKET/KEY")
	}
	s3Request(ts, http.MethodPut, args[0], args[2], ts.ReadFile(args[1]))
}

// s3Remove deletes an object of the local S3: s3remove READY-FILE BUCKET/KEY
func s3Remove(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: s3remove READY-FILE BUCKET/KEY")
	}
	s3Request(ts, http.MethodDelete, args[0], args[1], "")
}

func s3Request(ts *testscript.TestScript, method, readyFile, object, body string) {
	ready, err := readReady(ts.MkAbs(readyFile))
	ts.Check(err)
	req, err := http.NewRequest(method, ready.S3+"/"+object, strings.NewReader(body))
	ts.Check(err)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	ts.Check(resp.Body.Close())
	if resp.StatusCode >= http.StatusMultipleChoices {
		ts.Fatalf("%s %s: %s", method, object, resp.Status)
	}
}

// sha256Of puts the SHA-256 of a file into a variable, of its lines only that begin with START if that
// is given: sha256 VARIABLE FILE [START]
func sha256Of(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: sha256 VARIABLE FILE [START]")
	}
	sum := sha256.New()
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if len(args) == 2 || strings.HasPrefix(line, args[2]) {
			sum.Write([]byte(line))
		}
	}
	ts.Setenv(args[0], hex.EncodeToString(sum.Sum(nil)))
}

// putFile puts a file into the bucket logs of a local cloud and waits until it has come to its end, and
// nothing is on its way: put READY-FILE KEY FILE
func putFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: put READY-FILE KEY FILE")
	}
	ready, err := readReady(ts.MkAbs(args[0]))
	ts.Check(err)
	call := func(method, path, body string, into any) {
		req, err := http.NewRequest(method, ready.Dashboard+path, strings.NewReader(body))
		ts.Check(err)
		resp, err := http.DefaultClient.Do(req)
		ts.Check(err)
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			ts.Fatalf("%s: %s", path, resp.Status)
		}
		ts.Check(json.NewDecoder(resp.Body).Decode(into))
	}
	var put struct{ File string }
	call(http.MethodPost, "/api/files?"+url.Values{"bucket": {"logs"}, "key": {args[1]}}.Encode(), ts.ReadFile(args[2]), &put)
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		var s dashboard.State
		call(http.MethodGet, "/api/state", "", &s)
		there := slices.ContainsFunc(s.Files, func(f dashboard.File) bool { return f.File == put.File })
		if there && s.Queue.Waiting+s.Queue.InFlight+s.Push.Waiting+s.Push.InFlight == 0 {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s has not come to its end after %s", put.File, patience)
		}
	}
}
