package row

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// DATETIME and TIME travel as fields of bits, as CivilTimeEncoder of googleapis/java-bigquerystorage
// packs them (https://cloud.google.com/bigquery/docs/supported-data-types): microsecond 20 bits,
// second 6, minute 6, hour 5, and for a DATETIME day 5, month 4, year 14, the first one lowest.
const (
	secondShift = 20
	minuteShift = secondShift + 6
	hourShift   = minuteShift + 6
	dayShift    = hourShift + 5
	monthShift  = dayShift + 5
	yearShift   = monthShift + 4
)

const microsPerDay = 86_400_000_000

// packTime packs microseconds since midnight.
func packTime(micros int64) uint64 {
	seconds := uint64(micros / 1e6)
	return seconds/3600<<hourShift | seconds/60%60<<minuteShift | seconds%60<<secondShift | uint64(micros%1e6)
}

// packDatetime packs microseconds since 1970-01-01.
func packDatetime(micros int64) uint64 {
	year, month, day := time.UnixMicro(micros).UTC().Date()
	clock := micros % microsPerDay
	if clock < 0 {
		clock += microsPerDay
	}
	return uint64(year)<<yearShift | uint64(month)<<monthShift | uint64(day)<<dayShift | packTime(clock)
}

func appendDatetime(_ *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	if v.Int() < MinTimestamp || v.Int() > MaxTimestamp {
		return dst, f.refuse("microsecond %d since 1970-01-01 is outside 0001-01-01 00:00:00 to 9999-12-31 23:59:59.999999", v.Int())
	}
	return protowire.AppendVarint(dst, packDatetime(v.Int())), nil
}

func appendTime(_ *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	if v.Int() < MinTime || v.Int() > MaxTime {
		return dst, f.refuse("microsecond %d since midnight is outside 00:00:00 to 23:59:59.999999", v.Int())
	}
	return protowire.AppendVarint(dst, packTime(v.Int())), nil
}
