package row

// geoJSON reads a GeoJSON geometry (RFC 7946, section 3.1) that is all of the text.
func (g *geography) geoJSON() error {
	if err := checkJSON(g.b); err != nil {
		return errGeographyForm
	}
	return g.object(0)
}

// object reads a geometry inside depth collections. The text is known to be JSON.
func (g *geography) object(depth int) error {
	name, positions, parts := g.members()
	end := g.i
	for i := range geometries {
		k := &geometries[i]
		if string(name) != k.json {
			continue
		}
		start := positions
		if k.depth == 0 {
			start = parts
		}
		if start < 0 {
			return errGeographyForm
		}
		g.i = start
		err := g.shape(k, depth)
		g.i = end
		return err
	}
	return errGeographyForm
}

// members reads an object's members and returns its type and where its positions and the parts of a
// collection start, -1 if there are none. Of members of one name the last one counts.
func (g *geography) members() (name []byte, positions, parts int) {
	positions, parts = -1, -1
	if !g.skip('{') {
		return nil, -1, -1
	}
	for more := g.peek() != '}'; more; more = g.skip(',') {
		g.space()
		key := g.value()
		if len(key) == 0 || !g.skip(':') {
			break
		}
		g.space()
		start := g.i
		switch v := g.value(); string(key) {
		case `"type"`:
			name = unquoted(v)
		case `"coordinates"`:
			positions = start
		case `"geometries"`:
			parts = start
		}
	}
	g.skip('}')
	return name, positions, parts
}

// value reads a JSON value.
func (g *geography) value() []byte {
	p := jsonParser{b: g.b, i: g.i}
	if p.value(0) != nil {
		return nil
	}
	v := g.b[g.i:p.i]
	g.i = p.i
	return v
}

// unquoted returns what stands in quotes; a name that needs no escapes is one that is known.
func unquoted(v []byte) []byte {
	if len(v) < 2 || v[0] != '"' {
		return nil
	}
	return v[1 : len(v)-1]
}

// shape reads the positions or parts of a geometry that start here.
func (g *geography) shape(k *geometry, depth int) error {
	if k.json != "Point" && g.emptyArray() {
		g.dst = append(g.dst, emptyGeography...)
		return nil
	}
	g.dst = append(g.dst, k.wkt...)
	switch {
	case k.depth == 0:
		return g.collection(true, depth)
	case k.json != "Point":
		return g.list(k, k.depth, true)
	}
	g.dst = append(g.dst, '(')
	_, err := g.position(true)
	g.dst = append(g.dst, ')')
	return err
}

func (g *geography) emptyArray() bool {
	start := g.i
	if g.skip('[') && g.skip(']') {
		return true
	}
	g.i = start
	return false
}
