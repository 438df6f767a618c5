// Package chart draws what load tests measure, the same as SVG and as PNG.
package chart

import (
	"fmt"
	"io"
	"math"
	"strconv"
)

// Chart is a field with an axis below it and one at its left: bars side by side, or lines over a scale.
type Chart struct {
	Title string
	Note  string // a line below the title
	X, Y  string // what the axes measure

	Bars []Bar // or
	// Lines over x from 0 to Width, with values from 0 on.
	Lines []Line
	Width float64
}

// Bar is one bar, with the label at its left edge; empty: none.
type Bar struct {
	Label string
	Value float64
	Mark  string // stands over the bar, with a line down to it; empty: none
}

// Line is a row of points that belong together.
type Line struct {
	Name   string
	Points []Point
}

// Point is one value.
type Point struct{ X, Y float64 }

// The size of a drawing and of the field in it, in px.
const (
	width, height = 960, 420
	left, right   = 78, 24
	top, bottom   = 84, 58
	fieldWidth    = width - left - right
	fieldHeight   = height - top - bottom
)

// anchor is which part of a text stands at its place.
type anchor int

const (
	start anchor = iota
	middle
	end
)

// canvas is what a chart is drawn on. Lengths are in px, from the upper left corner.
type canvas interface {
	rect(x, y, w, h float64, color string)
	line(points []Point, width float64, color string)
	text(x, y float64, a anchor, size float64, color, s string)
}

// Colours that are told apart by those who see fewer, too: Okabe and Ito's.
var colors = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7"}

const (
	ink   = "#222222"
	pale  = "#6b6b6b"
	grid  = "#e3e3e3"
	paper = "#ffffff"
)

// SVG writes the chart as a page's image.
func (c *Chart) SVG(w io.Writer) error {
	s := &svg{}
	c.draw(s)
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" role="img">`+"\n<title>%s</title>\n%s</svg>\n",
		width, height, width, height, escape(c.Title), s.b.String())
	return err
}

// PNG writes the chart in twice the resolution.
func (c *Chart) PNG(w io.Writer) error {
	p, err := newPNG(2)
	if err != nil {
		return err
	}
	c.draw(p)
	return p.encode(w)
}

func (c *Chart) draw(on canvas) {
	on.rect(0, 0, width, height, paper)
	on.text(left, 28, start, 18, ink, c.Title)
	on.text(left, 50, start, 13, pale, c.Note)
	on.text(left-8, top-14, end, 12, pale, c.Y)
	on.text(left+fieldWidth, height-12, end, 12, pale, c.X)
	high := RoundUp(c.highest())
	for _, share := range []float64{0, 0.25, 0.5, 0.75, 1} {
		y := top + fieldHeight*(1-share)
		on.line([]Point{{left, y}, {left + fieldWidth, y}}, 1, grid)
		on.text(left-8, y+4, end, 12, pale, Short(high*share))
	}
	if c.Bars != nil {
		c.bars(on, high)
	} else {
		c.lines(on, high)
	}
	on.line([]Point{{left, top + fieldHeight}, {left + fieldWidth, top + fieldHeight}}, 1, pale)
}

func (c *Chart) highest() (high float64) {
	for _, b := range c.Bars {
		high = max(high, b.Value)
	}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			high = max(high, p.Y)
		}
	}
	return high
}

func (c *Chart) bars(on canvas, high float64) {
	slot := float64(fieldWidth) / float64(len(c.Bars))
	for i, b := range c.Bars {
		x := left + float64(i)*slot
		if b.Value > 0 {
			h := max(2, b.Value/high*fieldHeight) // few are not none
			on.rect(x+slot*0.08, top+fieldHeight-h, slot*0.84, h, colors[0])
		}
		if b.Label != "" {
			on.line([]Point{{x, top + fieldHeight}, {x, top + fieldHeight + 5}}, 1, pale)
			on.text(x, top+fieldHeight+20, middle, 12, pale, b.Label)
		}
		if b.Mark != "" {
			at := x + slot/2
			on.line([]Point{{at, top - 8}, {at, top + fieldHeight}}, 1.5, colors[1])
			on.text(at, top-14, middle, 12, colors[1], b.Mark)
		}
	}
}

func (c *Chart) lines(on canvas, high float64) {
	for i := range 5 {
		share := float64(i) / 4
		on.text(left+share*fieldWidth, top+fieldHeight+20, middle, 12, pale, Short(c.Width*share))
	}
	for i, l := range c.Lines {
		color := colors[i%len(colors)]
		at := make([]Point, len(l.Points))
		for j, p := range l.Points {
			at[j] = Point{left + p.X/c.Width*fieldWidth, top + fieldHeight*(1-p.Y/high)}
		}
		on.line(at, 2, color)
		x := left + fieldWidth - float64(len(c.Lines)-i)*120
		on.line([]Point{{x, top - 18}, {x + 22, top - 18}}, 3, color)
		on.text(x+28, top-14, start, 12, ink, l.Name)
	}
}

// RoundUp returns the next of 1, 2, 4, 8, 10, 20, … times a power of ten from v on: each quarter of it is short.
func RoundUp(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 4, 8} {
		if m*unit >= v {
			return m * unit
		}
	}
	return 10 * unit
}

// Short writes a number in a few characters.
func Short(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'f', -1, 64) + "M"
	case v >= 1e4:
		return strconv.FormatFloat(v/1e3, 'f', -1, 64) + "k"
	default:
		return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	}
}
