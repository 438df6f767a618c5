package row

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The wire forms of the types that are more than their value, by other means than the encoder's.

// decimalScale and decimalRange are those of the types' documentation.
func decimalScale(t Type) int {
	if t == Numeric {
		return 9
	}
	return 38
}

func decimalRange(t Type) (least, greatest *big.Int) {
	if t == Numeric {
		end := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
		greatest = end.Sub(end, big.NewInt(1))
		return new(big.Int).Neg(greatest), greatest
	}
	end := new(big.Int).Lsh(big.NewInt(1), 255)
	return new(big.Int).Neg(end), new(big.Int).Sub(end, big.NewInt(1))
}

// decimalForm is a decimal number as JSON and SQL write it.
var decimalForm = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// decimalByBig returns what BigDecimalByteStringEncoder makes of a number, nil if it refuses it.
func decimalByBig(t Type, text string) []byte {
	if !decimalForm.MatchString(text) {
		return nil
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimalScale(t))), nil)
	if r.Mul(r, new(big.Rat).SetInt(unit)); !r.IsInt() {
		return nil
	}
	if least, greatest := decimalRange(t); r.Num().Cmp(least) < 0 || r.Num().Cmp(greatest) > 0 {
		return nil
	}
	return javaBytes(r.Num())
}

// javaBytes is BigInteger.toByteArray, turned around: two's complement in the fewest bytes that have
// a sign bit.
func javaBytes(n *big.Int) []byte {
	bits := n.BitLen()
	if n.Sign() < 0 {
		bits = new(big.Int).Not(n).BitLen()
	}
	b := make([]byte, bits/8+1)
	n = new(big.Int).Set(n)
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	n.FillBytes(b)
	slices.Reverse(b)
	return b
}

// genDecimal writes a number in range in one of its forms.
func genDecimal(c chooser, t Type) string {
	n := new(big.Int)
	for range 4 {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(c.Uint64()))
	}
	least, greatest := decimalRange(t)
	n.Rsh(n, uint(c.IntN(250)))
	n.Mod(n, greatest)
	if c.IntN(2) == 0 {
		n.Add(n, least)
	}
	scale := decimalScale(t)
	if c.IntN(3) == 0 {
		return fmt.Sprintf("%se-%02d", n, scale)
	}
	text := new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FloatString(scale)
	return text + strings.Repeat("0", c.IntN(3))
}

// packedByArithmetic is CivilTimeEncoder's form by multiplication.
func packedByArithmetic(t Type, micros int64) int64 {
	at := time.UnixMicro(micros).UTC()
	clock := ((int64(at.Hour())*64+int64(at.Minute()))*64+int64(at.Second()))*(1<<20) + int64(at.Nanosecond()/1000)
	if t == Time {
		return clock
	}
	day := (int64(at.Year())*16+int64(at.Month()))*32 + int64(at.Day())
	return day*(1<<37) + clock
}

var (
	canonicalInterval = regexp.MustCompile(`^([+-]?)([0-9]+)-([0-9]+) ([+-]?[0-9]+) ([+-]?)([0-9]+):([0-9]+):([0-9]+)(?:\.([0-9]+))?$`)
	isoInterval       = regexp.MustCompile(`^P(?:([+-]?[0-9]+)Y)?(?:([+-]?[0-9]+)M)?(?:([+-]?[0-9]+)W)?(?:([+-]?[0-9]+)D)?` +
		`(?:T(?:([+-]?[0-9]+)H)?(?:([+-]?[0-9]+)M)?(?:([+-]?)([0-9]+)(?:\.([0-9]+))?S)?)?$`)
)

// intervalByRegexp returns the canonical text of an INTERVAL, "" if BigQuery would refuse it.
func intervalByRegexp(text string) string {
	months, days, micros := new(big.Int), new(big.Int), new(big.Int)
	fraction, ok := "", true
	add := func(sum *big.Int, sign, digits string, unit int64) {
		n, valid := new(big.Int).SetString(sign+digits, 10)
		if digits != "" {
			ok = ok && valid
			if valid {
				sum.Add(sum, n.Mul(n, big.NewInt(unit)))
			}
		}
	}
	if m := canonicalInterval.FindStringSubmatch(text); m != nil {
		add(months, m[1], m[2], 12)
		add(months, m[1], m[3], 1)
		add(days, "", m[4], 1)
		add(micros, m[5], m[6], 3_600_000_000)
		add(micros, m[5], m[7], 60_000_000)
		add(micros, m[5], m[8], 1_000_000)
		fraction = m[9]
		addFraction(micros, m[5], fraction)
	} else if m := isoInterval.FindStringSubmatch(text); m != nil && text != "P" && !strings.HasSuffix(text, "T") {
		add(months, "", m[1], 12)
		add(months, "", m[2], 1)
		add(days, "", m[3], 7)
		add(days, "", m[4], 1)
		add(micros, "", m[5], 3_600_000_000)
		add(micros, "", m[6], 60_000_000)
		add(micros, m[7], m[8], 1_000_000)
		fraction = m[9]
		addFraction(micros, m[7], fraction)
	} else {
		return ""
	}
	if !ok || len(fraction) > 6 && strings.Trim(fraction[6:], "0") != "" ||
		months.CmpAbs(big.NewInt(120_000)) > 0 || days.CmpAbs(big.NewInt(3_660_000)) > 0 ||
		micros.CmpAbs(big.NewInt(316_224_000_000_000_000)) > 0 {
		return ""
	}
	return canonicalText(months.Int64(), days.Int64(), micros.Int64())
}

func addFraction(micros *big.Int, sign, fraction string) {
	n, _ := new(big.Int).SetString(sign+(fraction + "000000")[:6], 10)
	micros.Add(micros, n)
}

func canonicalText(months, days, micros int64) string {
	sign := func(n int64) (string, int64) {
		if n < 0 {
			return "-", -n
		}
		return "", n
	}
	ms, m := sign(months)
	us, u := sign(micros)
	text := fmt.Sprintf("%s%d-%d %d %s%d:%d:%d", ms, m/12, m%12, days, us, u/3_600_000_000, u/60_000_000%60, u/1_000_000%60)
	if f := u % 1_000_000; f != 0 {
		text += strings.TrimSuffix(fmt.Sprintf(".%06d", f), "000")
	}
	return text
}

// genInterval writes an INTERVAL in range in one of its forms.
func genInterval(c chooser) string {
	part := func(limit uint64) int64 { return int64(c.Uint64()>>c.IntN(64)%(2*limit+1)) - int64(limit) }
	months, days, micros := part(120_000), part(3_660_000), part(316_224_000_000_000_000)
	if c.IntN(2) == 0 {
		return canonicalText(months, days, micros)
	}
	sign := ""
	if micros < 0 {
		sign, micros = "-", -micros
	}
	return fmt.Sprintf("P%dM%dDT%s%d.%06dS", months, days, sign, micros/1_000_000, micros%1_000_000)
}

// genRange makes a RANGE that may be unbounded on either side.
func genRange(c chooser, col *Column, v *Value) {
	v.SetList()
	start, end := Value{}, Value{}
	bounds := col.Bounds()
	genValue(c, &bounds[0], &start)
	genValue(c, &bounds[1], &end)
	if start.Int() > end.Int() {
		start, end = end, start
	}
	if c.IntN(4) == 0 || start.Int() == end.Int() {
		start.SetNull()
	}
	if c.IntN(4) == 0 {
		end.SetNull()
	}
	*v.Append() = start
	*v.Append() = end
}
