package scalar

import "fmt"

// Unix returns the time b, a whole number that counts perSecond in a second since 1970-01-01 UTC, in
// microseconds. perSecond is at most a million. A time outside the years 1 to 9999 is an error.
func Unix(b []byte, perSecond int64) (int64, error) {
	n, err := Int(b)
	if err != nil {
		return 0, err
	}
	scale := 1e6 / perSecond
	if n < minTime/scale || n > maxTime/scale {
		return 0, outside(b)
	}
	return n * scale, nil
}

func outside(b []byte) error { return fmt.Errorf("%.*q is not within the years 1 to 9999", shown, b) }

// CommonTime returns the time b as NCSA's common log format writes it, 02/Jan/2006:15:04:05 -0700,
// in microseconds since 1970-01-01 UTC. Without its zone it is UTC. A time outside the years 1 to
// 9999 is an error.
func CommonTime(b []byte) (int64, error) {
	micros, ok := commonTimeOf(b)
	if !ok {
		return 0, fmt.Errorf("%.*q is not a time such as 02/Jan/2006:15:04:05 -0700", shown, b)
	}
	if micros < minTime || micros > maxTime {
		return 0, outside(b)
	}
	return micros, nil
}

// commonTimeOf puts the parts where RFC 3339 has them.
func commonTimeOf(b []byte) (micros int64, ok bool) {
	const clock = len("02/Jan/2006:15:04:05")
	if len(b) < clock || b[2] != '/' || b[6] != '/' || b[11] != ':' {
		return 0, false
	}
	month := monthOf(b[3:6])
	if month == 0 {
		return 0, false
	}
	var t [len("2006-01-02T15:04:05-07:00")]byte
	at := copy(t[:], b[7:11])
	at += copy(t[at:], []byte{'-', '0' + byte(month/10), '0' + byte(month%10), '-', b[0], b[1], 'T'})
	at += copy(t[at:], b[12:clock])
	switch zone := b[clock:]; {
	case len(zone) == 0:
	case len(zone) == len(" -0700") && zone[0] == ' ':
		at += copy(t[at:], []byte{zone[1], zone[2], zone[3], ':', zone[4], zone[5]})
	default:
		return 0, false
	}
	return timeOf(t[:at])
}

// monthOf returns the number of the English month whose first three letters are b, or 0.
func monthOf(b []byte) int {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	for i := 0; i < len(months); i += 3 {
		if string(b) == months[i:i+3] {
			return i/3 + 1
		}
	}
	return 0
}
