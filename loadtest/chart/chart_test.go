package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"strings"
	"testing"
)

func bars() *Chart {
	return &Chart{Title: "Seconds & <rows>", Note: "of a test", X: "seconds", Y: "files", Bars: []Bar{{Label: "0.1", Value: 3}, {Value: 0}, {Label: "0.2", Value: 400, Mark: "p50 0.21 s"}}}
}

func lines() *Chart {
	return &Chart{Title: "Memory", X: "minutes", Y: "MB", Width: 20, Lines: []Line{
		{Name: "forwarder", Points: []Point{{0, 20}, {10, 30}, {20, 30}}}, {Name: "loader", Points: []Point{{0, 50}, {20, 77}}},
	}}
}

// The SVG is XML that says what is in it.
func TestSVG(t *testing.T) {
	for name, c := range map[string]struct {
		*Chart
		want []string
	}{
		"bars":  {bars(), []string{"<title>Seconds &amp; &lt;rows&gt;</title>", ">p50 0.21 s<", ">400<", ">100<", ">0.2<"}},
		"lines": {lines(), []string{">forwarder<", ">loader<", ">minutes<", ">80<", `points="78.0,292.5 507.0,257.8 936.0,257.8"`}},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := c.SVG(&b); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %s in\n%s", want, &b)
				}
			}
			for d := xml.NewDecoder(&b); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// The PNG has the bar's colour where a bar is, none where there is none, and ink where there is text.
func TestPNG(t *testing.T) {
	var b bytes.Buffer
	if err := bars().PNG(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X != 2*width || size.Y != 2*height {
		t.Fatalf("size %v", size)
	}
	slot := fieldWidth / 3
	at := func(x, y int) [3]uint32 {
		r, g, b, _ := img.At(2*x, 2*y).RGBA()
		return [3]uint32{r >> 8, g >> 8, b >> 8}
	}
	blue, white := [3]uint32{0, 0x72, 0xb2}, [3]uint32{255, 255, 255}
	if got := at(left+2*slot+slot/4, top+fieldHeight/2+3); got != blue {
		t.Errorf("in the third bar it is %v", got)
	}
	if got := at(left+slot+slot/4, top+fieldHeight/2+3); got != white {
		t.Errorf("in the second bar, which is empty, it is %v", got)
	}
	if got := at(left+slot/4, top+fieldHeight-1); got != blue {
		t.Errorf("in the first bar, which is low, it is %v", got)
	}
	dark := 0
	for x := left; x < left+170; x++ {
		for y := 14; y < 30; y++ {
			if at(x, y)[0] < 0x60 {
				dark++
			}
		}
	}
	if dark < 200 {
		t.Errorf("the title has %d dark points", dark)
	}
}

func TestRoundUp(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, 0.3: 0.4, 1: 1, 1.5: 2, 3: 4, 77: 80, 81: 100, 399: 400, 4001: 8000} {
		if got := RoundUp(v); got < want*0.999 || got > want*1.001 {
			t.Errorf("%g: %g, want %g", v, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.25: "0.25", 7.5: "7.5", 2.50903: "2.51", 800: "800", 8000: "8000", 20000: "20k", 2.5e6: "2.5M"} {
		if got := Short(v); got != want {
			t.Errorf("%g: %s, want %s", v, got, want)
		}
	}
}
