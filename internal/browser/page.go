package browser

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// View is what a page is looked at with.
type View struct {
	Width, Height int // of the window, in CSS pixels
	Phone         bool
	Dark          bool
	Print         bool
}

// Page is a page that was loaded.
type Page struct {
	b        *Browser
	session  string
	loaded   chan struct{}
	requests []string
	problems []string
}

// Open loads a page and waits until all of it is there.
func (b *Browser) Open(url string, v View) *Page {
	b.t.Helper()
	var target struct{ TargetID, SessionID string }
	b.must(&target, "", "Target.createTarget", map[string]any{"url": "about:blank"})
	b.must(&target, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true})
	p := &Page{b: b, session: target.SessionID, loaded: make(chan struct{}, 1)}
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Network", "Runtime", "Log"} {
		p.do(domain+".enable", nil)
	}
	p.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": v.Width, "height": v.Height, "deviceScaleFactor": 1, "mobile": v.Phone})
	scheme, media := "light", "screen"
	if v.Dark {
		scheme = "dark"
	}
	if v.Print {
		media = "print"
	}
	p.do("Emulation.setEmulatedMedia", map[string]any{"media": media, "features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
	p.do("Page.navigate", map[string]any{"url": url})
	<-p.loaded
	return p
}

// heard notes what the page says of itself. The caller holds the lock.
func (p *Page) heard(method string, params json.RawMessage) {
	switch method {
	case "Page.loadEventFired":
		p.loaded <- struct{}{}
	case "Network.requestWillBeSent":
		var e struct{ Request struct{ URL string } }
		_ = json.Unmarshal(params, &e) // an empty name will do
		p.requests = append(p.requests, e.Request.URL)
	case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded":
		p.problems = append(p.problems, method+" "+string(params))
	}
}

// Requests returns what the page asked the network for, itself included. What stands in the page
// itself, as data:, is none.
func (p *Page) Requests() (asked []string) {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	for _, url := range p.requests {
		if len(url) < 5 || url[:5] != "data:" {
			asked = append(asked, url)
		}
	}
	return asked
}

// Problems returns errors, and what was written to the console.
func (p *Page) Problems() []string {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Eval evaluates JavaScript in the page and puts its value into the variable.
func (p *Page) Eval(script string, into any) {
	p.b.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	p.b.must(&out, p.session, "Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true})
	err := json.Unmarshal(out.Result.Value, into)
	if len(out.ExceptionDetails) > 0 || err != nil {
		p.b.t.Fatalf("%s: %s, %v", script, out.ExceptionDetails, err)
	}
}

// Screenshot returns the whole page as PNG.
func (p *Page) Screenshot() []byte {
	p.b.t.Helper()
	var out struct{ Data string }
	p.b.must(&out, p.session, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true})
	png, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		p.b.t.Fatal(err)
	}
	return png
}

func (p *Page) do(method string, params any) {
	p.b.t.Helper()
	p.b.must(nil, p.session, method, params)
}

// must calls a method and ends the test if it fails.
func (b *Browser) must(into any, session, method string, params any) {
	b.t.Helper()
	data, err := b.call(session, method, params)
	if err == nil && into != nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		b.t.Fatal(fmt.Errorf("%s: %w", method, err))
	}
}
