package write

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seneka-io/seneka/internal/row"
)

// toGeography takes WKT and GeoJSON and keeps WKT, as BigQuery shows it.
func toGeography(k protoreflect.Kind) converter {
	if k != protoreflect.StringKind {
		return nil
	}
	return func(s scalar) (any, error) {
		wkt, err := row.AppendWKT(nil, s.raw)
		if err != nil {
			return nil, fmt.Errorf("invalid geography %s: %w", clip(s.raw), err)
		}
		return string(wkt), nil
	}
}

// toInterval takes the canonical form alone: supported-data-types says "an INTERVAL literal" and
// leaves open what that is without its parts.
func toInterval(k protoreflect.Kind) converter {
	if k != protoreflect.StringKind {
		return nil
	}
	return func(s scalar) (any, error) {
		v, err := row.ParseInterval(s.raw)
		if err == nil && strings.HasPrefix(string(s.raw), "P") {
			err = errors.New("ISO 8601 is not its form here")
		}
		if err != nil {
			return nil, fmt.Errorf("invalid interval %s: %w", clip(s.raw), err)
		}
		return v, nil
	}
}

// durationMessage makes an INTERVAL of a google.protobuf.Duration, cut to whole microseconds.
func durationMessage(s scalar) (any, error) {
	const most = 87_840_000 * 3600 // seconds, of the type's range
	seconds, nanos, err := secondsMessage(s)
	switch {
	case err != nil:
		return nil, err
	case max(seconds, -seconds) > most || max(nanos, -nanos) >= 1e9 || max(seconds, -seconds) == most && nanos != 0:
		return nil, fmt.Errorf("interval field value is out of range: %d seconds", seconds)
	}
	return row.IntervalValue{Micros: seconds*1_000_000 + nanos/1000}, nil
}

// checkRange refuses a RANGE that does not start before it ends.
func checkRange(bounds []any) error {
	start, bounded := bounds[0].(time.Time)
	end, ok := bounds[1].(time.Time)
	if bounded && ok && !start.Before(end) {
		return fmt.Errorf("the range's start %s is not before its end %s", start.Format(time.RFC3339Nano), end.Format(time.RFC3339Nano))
	}
	return nil
}
