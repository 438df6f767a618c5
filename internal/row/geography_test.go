package row

import (
	"encoding/json"
	"strings"
	"testing"
)

// Examples are those of RFC 7946, appendix A, and of
// https://en.wikipedia.org/wiki/Well-known_text_representation_of_geometry.
func TestAppendWKT(t *testing.T) {
	tests := []struct{ in, want string }{
		{"POINT (30 10)", "POINT(30 10)"},
		{" point(30.0\t-1e1 ) ", "POINT(30 -10)"},
		{"POINT(.5 5.)", "POINT(0.5 5)"},
		{"POINT(541 0)", "POINT(541 0)"},
		{"LINESTRING (30 10, 10 30,40 40)", "LINESTRING(30 10, 10 30, 40 40)"},
		{"POLYGON((35 10, 45 45, 15 40, 35 10),(20 30, 35 35, 30 20, 20 30))", "POLYGON((35 10, 45 45, 15 40, 35 10), (20 30, 35 35, 30 20, 20 30))"},
		{"MULTIPOINT ((10 40), (40 30))", "MULTIPOINT(10 40, 40 30)"},
		{"MULTIPOINT (10 40, 40 30)", "MULTIPOINT(10 40, 40 30)"},
		{"MULTILINESTRING((10 10, 20 20), (40 40, 30 30))", "MULTILINESTRING((10 10, 20 20), (40 40, 30 30))"},
		{"MULTIPOLYGON(((30 20, 45 40, 10 40, 30 20)), ((15 5, 40 10, 10 20, 15 5)))", "MULTIPOLYGON(((30 20, 45 40, 10 40, 30 20)), ((15 5, 40 10, 10 20, 15 5)))"},
		{"GEOMETRYCOLLECTION (POINT (40 10), GEOMETRYCOLLECTION(LINESTRING (10 10, 20 20)))", "GEOMETRYCOLLECTION(POINT(40 10), GEOMETRYCOLLECTION(LINESTRING(10 10, 20 20)))"},
		{"POLYGON EMPTY", "GEOMETRYCOLLECTION EMPTY"},
		{"GEOMETRYCOLLECTION EMPTY", "GEOMETRYCOLLECTION EMPTY"},

		{`{"type": "Point", "coordinates": [100.0, 0.0]}`, "POINT(100 0)"},
		{` {"coordinates": [100, 1e-1], "bbox": [1, {"type": 2}], "type": "Point"} `, "POINT(100 0.1)"},
		{`{"type": "Polygon", "type": "LineString", "coordinates": [[100, 0], [101, 1]]}`, "LINESTRING(100 0, 101 1)"},
		{`{"type":"Polygon","coordinates":[[[100,0],[101,0],[101,1],[100,0]]]}`, "POLYGON((100 0, 101 0, 101 1, 100 0))"},
		{`{"type":"MultiPoint","coordinates":[[100,0],[101,1]]}`, "MULTIPOINT(100 0, 101 1)"},
		{`{"type":"MultiPolygon","coordinates":[[[[102,2],[103,2],[103,3],[102,2]]]]}`, "MULTIPOLYGON(((102 2, 103 2, 103 3, 102 2)))"},
		{`{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]},{"geometries":[],"type":"GeometryCollection"}]}`, "GEOMETRYCOLLECTION(POINT(1 2), GEOMETRYCOLLECTION EMPTY)"},
		{`{"type":"LineString","coordinates":[]}`, "GEOMETRYCOLLECTION EMPTY"},
	}
	for _, tt := range tests {
		got, err := AppendWKT([]byte("before "), []byte(tt.in))
		if err != nil || string(got) != "before "+tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.in, got, err, tt.want)
		}
		if again, err := AppendWKT(nil, []byte(tt.want)); err != nil || string(again) != tt.want {
			t.Errorf("%s reads as %s, %v", tt.want, again, err)
		}
	}
}

func TestAppendWKTRefuses(t *testing.T) {
	deep := strings.Repeat("GEOMETRYCOLLECTION(", 101) + "POINT(1 2)" + strings.Repeat(")", 101)
	deepJSON := strings.Repeat(`{"type":"GeometryCollection","geometries":[`, 101) + `{"type":"Point","coordinates":[1,2]}` + strings.Repeat("]}", 101)
	tests := []struct {
		in   string
		want error
	}{
		{"", errGeographyForm},
		{"here", errGeographyForm},
		{"CIRCLE(1 2)", errGeographyForm},
		{"POINT", errGeographyForm},
		{"POINTS(1 2)", errGeographyForm},
		{"POINT(1 2) x", errGeographyForm},
		{"SRID=4326;POINT(1 2)", errGeographyForm},
		{"POINT Z (1 2 3)", errGeographyForm},
		{"GEOMETRYCOLLECTION(POINT(1 2)", errGeographyForm},
		{"GEOMETRYCOLLECTION()", errGeographyForm},
		{"POINT(1 2 3)", errGeographyPosition},
		{"POINT(1 2, 3 4)", errGeographyPosition},
		{"POINT(1 2", errGeographyPosition},
		{"MULTIPOINT((1 2, 3 4))", errGeographyPosition},
		{"POINT(1)", errGeographyNumber},
		{"POINT(nan 0)", errGeographyNumber},
		{"POINT(0x1 0)", errGeographyNumber},
		{"POINT(1e999 0)", errGeographyNumber},
		{"POINT(0 90.0001)", errGeographyLatitude},
		{"POINT(0 -91)", errGeographyLatitude},
		{"LINESTRING(1 2)", errGeographyLine},
		{"MULTILINESTRING((1 2, 3 4), (5 6))", errGeographyLine},
		{"POLYGON((0 0, 1 1, 0 0))", errGeographyRing},
		{"POLYGON((0 0, 1 1, 1 0, 0 1))", errGeographyRing},
		{deep, errGeographyNesting},

		{`{"type":"Point"}`, errGeographyForm},
		{`{"coordinates":[1,2]}`, errGeographyForm},
		{`{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]}}`, errGeographyForm},
		{`{"type":"Point","coordinates":[1,2]`, errGeographyForm},
		{`{"type":"Point","coordinates":[01,2]}`, errGeographyForm},
		{`{"type":"LineString","coordinates":7}`, errGeographyForm},
		{`{"type":"GeometryCollection","geometries":[1]}`, errGeographyForm},
		{`{"type":"Point","coordinates":[1,2,3]}`, errGeographyPosition},
		{`{"type":"Point","coordinates":[]}`, errGeographyNumber},
		{`{"type":"Point","coordinates":["1","2"]}`, errGeographyNumber},
		{`{"type":"LineString","coordinates":[1,2]}`, errGeographyPosition},
		{`{"type":"Point","coordinates":[1,-90.5]}`, errGeographyLatitude},
		{deepJSON, errGeographyNesting},
	}
	for _, tt := range tests {
		if got, err := AppendWKT([]byte("before"), []byte(tt.in)); err != tt.want || string(got) != "before" {
			t.Errorf("%.80s: %q, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}

// FuzzGeography looks for crashes, and for WKT that does not read back as itself.
func FuzzGeography(f *testing.F) {
	for _, s := range []string{
		"POLYGON((0 0, 1 1, 1 0, 0 0))", "GEOMETRYCOLLECTION(POINT(1 2), MULTIPOINT((1 2)))", "LINESTRING EMPTY",
		`{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}`, `{"coordinates":[[1,2],[3,4]],"type":"LineString"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		wkt, err := AppendWKT(nil, []byte(in))
		if err != nil {
			return
		}
		if again, err := AppendWKT(nil, wkt); err != nil || string(again) != string(wkt) {
			t.Errorf("%q is %s, which reads as %s, %v", in, wkt, again, err)
		}
		if strings.HasPrefix(strings.TrimSpace(in), "{") && !json.Valid([]byte(in)) {
			t.Errorf("%q is no JSON", in)
		}
	})
}
