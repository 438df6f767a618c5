package chart

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// picture is a canvas of points.
type picture struct {
	img   *image.RGBA
	scale float64
	font  *opentype.Font
	faces map[float64]font.Face // by size
}

func newPNG(scale float64) (*picture, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	size := image.Rect(0, 0, int(width*scale), int(height*scale))
	return &picture{img: image.NewRGBA(size), scale: scale, font: f, faces: map[float64]font.Face{}}, nil
}

func (p *picture) encode(w io.Writer) error { return png.Encode(w, p.img) }

func (p *picture) rect(x, y, w, h float64, color string) {
	p.fill([]Point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, color)
}

// line draws each stretch as a thin box, and a small one at each point, so that corners are closed.
func (p *picture) line(points []Point, width float64, color string) {
	half := width / 2
	for i, to := range points {
		if i == 0 {
			continue
		}
		from := points[i-1]
		length := math.Hypot(to.X-from.X, to.Y-from.Y)
		if length == 0 {
			continue
		}
		dx, dy := (to.X-from.X)/length*half, (to.Y-from.Y)/length*half
		p.fill([]Point{{from.X - dy, from.Y + dx}, {to.X - dy, to.Y + dx}, {to.X + dy, to.Y - dx}, {from.X + dy, from.Y - dx}}, color)
		if i < len(points)-1 {
			p.rect(to.X-half, to.Y-half, width, width, color)
		}
	}
}

// fill fills a polygon.
func (p *picture) fill(corners []Point, color string) {
	r := vector.NewRasterizer(p.img.Rect.Dx(), p.img.Rect.Dy())
	for i, c := range corners {
		x, y := float32(c.X*p.scale), float32(c.Y*p.scale)
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(p.img, p.img.Rect, image.NewUniform(rgb(color)), image.Point{})
}

func (p *picture) text(x, y float64, a anchor, size float64, color, s string) {
	face := p.faces[size]
	if face == nil {
		// The font was parsed, and no size is wrong.
		face, _ = opentype.NewFace(p.font, &opentype.FaceOptions{Size: size * p.scale, DPI: 72})
		p.faces[size] = face
	}
	d := font.Drawer{Dst: p.img, Src: image.NewUniform(rgb(color)), Face: face}
	at := fixed.I(int(x * p.scale))
	switch length := d.MeasureString(s); a {
	case middle:
		at -= length / 2
	case end:
		at -= length
	}
	d.Dot = fixed.Point26_6{X: at, Y: fixed.I(int(y * p.scale))}
	d.DrawString(s)
}

// rgb reads a colour as "#rrggbb".
func rgb(s string) color.RGBA {
	n, _ := strconv.ParseUint(s[1:], 16, 32) // those of this package
	return color.RGBA{R: uint8(n >> 16), G: uint8(n >> 8), B: uint8(n), A: 255}
}
