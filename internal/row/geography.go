package row

import (
	"errors"
	"strconv"
)

// A GEOGRAPHY travels as text, WKT or GeoJSON
// (https://cloud.google.com/bigquery/docs/supported-data-types).

var (
	errGeographyForm     = errors.New("no GEOGRAPHY: want WKT such as POINT(30 10), or a GeoJSON geometry")
	errGeographyNumber   = errors.New("a GEOGRAPHY's coordinate is no finite number")
	errGeographyPosition = errors.New("a GEOGRAPHY's position is a longitude and a latitude, no more and no less")
	errGeographyLatitude = errors.New("a GEOGRAPHY's latitude is outside -90 to 90")
	errGeographyLine     = errors.New("a LINESTRING has two positions or more")
	errGeographyRing     = errors.New("a POLYGON's ring has four positions or more, the last equal to the first")
	errGeographyNesting  = errors.New("GEOMETRYCOLLECTIONs nest too deeply")
)

// maxGeographyNesting bounds the depth of GEOMETRYCOLLECTIONs. BigQuery documents no bound.
const maxGeographyNesting = 100

// AppendWKT checks a GEOGRAPHY in WKT or as a GeoJSON geometry, and appends it to dst as WKT in the
// form that BigQuery writes: upper case, a comma and a space between positions.
//
// The check is of form, not of geometry. It refuses unknown kinds, coordinates that are no finite
// numbers, Z and M, latitudes beyond the poles, lines of one position and rings that are too short
// or not closed. It does not see lines and polygons that cross themselves or each other, which
// BigQuery refuses, and takes longitudes of any size, which BigQuery takes modulo 360. Of GeoJSON it
// keeps the positions alone: that its edges are straight on a flat map is lost.
//
// The error says what is wrong, not with which text. Nothing is allocated but room in dst.
func AppendWKT(dst, text []byte) ([]byte, error) {
	start := len(dst)
	g := geography{b: text, dst: dst}
	g.space()
	var err error
	if g.peek() == '{' {
		err = g.geoJSON()
	} else {
		err = g.wkt(0)
	}
	if g.space(); err == nil && g.i < len(g.b) {
		err = errGeographyForm
	}
	if err != nil {
		return dst[:start], err
	}
	return g.dst, nil
}

// geometry is a kind of GEOGRAPHY: its names, how deep its lists of positions nest, and what the
// innermost of them must be. A GEOMETRYCOLLECTION, of depth 0, has no positions of its own.
type geometry struct {
	wkt, json string
	depth     int
	check     func(r run) error
}

var geometries = []geometry{
	{"POINT", "Point", 1, run.point},
	{"LINESTRING", "LineString", 1, run.line},
	{"POLYGON", "Polygon", 2, run.ring},
	{"MULTIPOINT", "MultiPoint", 1, nil},
	{"MULTILINESTRING", "MultiLineString", 2, run.line},
	{"MULTIPOLYGON", "MultiPolygon", 3, run.ring},
	{"GEOMETRYCOLLECTION", "GeometryCollection", 0, nil},
}

// run is a list of positions: how many, the first and the last of them.
type run struct {
	n           int
	first, last [2]float64
}

func (r *run) add(p [2]float64) {
	if r.n == 0 {
		r.first = p
	}
	r.last = p
	r.n++
}

func (r run) point() error {
	if r.n != 1 {
		return errGeographyPosition
	}
	return nil
}

func (r run) line() error {
	if r.n < 2 {
		return errGeographyLine
	}
	return nil
}

func (r run) ring() error {
	if r.n < 4 || r.first != r.last {
		return errGeographyRing
	}
	return nil
}

// geography reads b and writes dst.
type geography struct {
	b   []byte
	i   int
	dst []byte
}

func (g *geography) peek() byte {
	if g.i < len(g.b) {
		return g.b[g.i]
	}
	return 0
}

func (g *geography) space() {
	for g.i < len(g.b) && (g.b[g.i] == ' ' || '\t' <= g.b[g.i] && g.b[g.i] <= '\r') {
		g.i++
	}
}

// skip reads c, and the space before it, if it comes next.
func (g *geography) skip(c byte) bool {
	g.space()
	if g.peek() != c {
		return false
	}
	g.i++
	return true
}

// number reads a coordinate and writes it in the fewest digits that read back the same.
func (g *geography) number() (float64, error) {
	g.space()
	start := g.i
	for g.i < len(g.b) && (isDigit(g.b[g.i]) || g.b[g.i] == '.' || g.b[g.i] == '-' || g.b[g.i] == '+' || g.b[g.i]|0x20 == 'e') {
		g.i++
	}
	// ParseFloat keeps no reference to its argument unless it fails.
	f, err := strconv.ParseFloat(string(g.b[start:g.i]), 64)
	if err != nil || g.i-start > maxCoordinate {
		return 0, errGeographyNumber
	}
	g.dst = strconv.AppendFloat(g.dst, f, 'g', -1, 64)
	return f, nil
}

// maxCoordinate is how many bytes a coordinate may have.
const maxCoordinate = 400

// position reads a longitude and a latitude: with space between them, or as a JSON array.
func (g *geography) position(json bool) (p [2]float64, err error) {
	if json && !g.skip('[') {
		return p, errGeographyPosition
	}
	if p[0], err = g.number(); err != nil {
		return p, err
	}
	if json && !g.skip(',') {
		return p, errGeographyPosition
	}
	g.dst = append(g.dst, ' ')
	if p[1], err = g.number(); err != nil {
		return p, err
	}
	if json && !g.skip(']') {
		return p, errGeographyPosition
	}
	if p[1] < -90 || p[1] > 90 {
		return p, errGeographyLatitude
	}
	return p, nil
}

// element reads a position of the innermost list, or a list inside of another.
func (g *geography) element(k *geometry, depth int, json bool, r *run) error {
	if depth > 1 {
		return g.list(k, depth-1, json)
	}
	inner := !json && k.wkt == "MULTIPOINT" && g.skip('(') // MULTIPOINT((1 2), (3 4)) is as good
	p, err := g.position(json)
	if err == nil && inner && !g.skip(')') {
		err = errGeographyPosition
	}
	r.add(p)
	return err
}

// list reads a list of positions, or of lists: in parentheses, or as a JSON array.
func (g *geography) list(k *geometry, depth int, json bool) error {
	if !g.open(json) {
		return errGeographyForm
	}
	var r run
	for more := true; more; more = g.comma() {
		if err := g.element(k, depth, json, &r); err != nil {
			return err
		}
	}
	if !g.close(json) {
		return errGeographyPosition
	}
	if depth == 1 && k.check != nil {
		return k.check(r)
	}
	return nil
}

// collection reads the geometries of a GEOMETRYCOLLECTION that stands inside of depth others.
func (g *geography) collection(json bool, depth int) error {
	if depth == maxGeographyNesting {
		return errGeographyNesting
	}
	if !g.open(json) {
		return errGeographyForm
	}
	for more := true; more; more = g.comma() {
		err := error(nil)
		if json {
			err = g.object(depth + 1)
		} else {
			err = g.wkt(depth + 1)
		}
		if err != nil {
			return err
		}
	}
	if !g.close(json) {
		return errGeographyForm
	}
	return nil
}

// open, comma and close read what holds a list together and write it as WKT does.
func (g *geography) open(json bool) bool {
	g.dst = append(g.dst, '(')
	if json {
		return g.skip('[')
	}
	return g.skip('(')
}

func (g *geography) comma() bool {
	if !g.skip(',') {
		return false
	}
	g.dst = append(g.dst, ", "...)
	return true
}

func (g *geography) close(json bool) bool {
	g.dst = append(g.dst, ')')
	if json {
		return g.skip(']')
	}
	return g.skip(')')
}

// emptyGeography is how BigQuery writes an empty GEOGRAPHY of any kind.
const emptyGeography = "GEOMETRYCOLLECTION EMPTY"

// wkt reads a geometry inside of depth collections.
func (g *geography) wkt(depth int) error {
	name := g.word()
	for i := range geometries {
		k := &geometries[i]
		if !equalFold(name, k.wkt) {
			continue
		}
		switch more := g.word(); {
		case equalFold(more, "EMPTY"):
			g.dst = append(g.dst, emptyGeography...)
			return nil
		case len(more) > 0: // Z, M or ZM
			return errGeographyForm
		}
		g.dst = append(g.dst, k.wkt...)
		if k.depth > 0 {
			return g.list(k, k.depth, false)
		}
		return g.collection(false, depth)
	}
	return errGeographyForm
}

// word reads letters.
func (g *geography) word() []byte {
	g.space()
	start := g.i
	for c := g.peek() | 0x20; 'a' <= c && c <= 'z'; c = g.peek() | 0x20 {
		g.i++
	}
	return g.b[start:g.i]
}

// equalFold compares with a word in upper case.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		if b[i]&^0x20 != word[i] {
			return false
		}
	}
	return true
}
