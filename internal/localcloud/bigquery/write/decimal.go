package write

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seneka-io/seneka/internal/row"
)

// decimal is the range of NUMERIC or BIGNUMERIC: integers of so many bits, scaled by 10^-scale,
// from least to greatest (GoogleSQL data types, "Decimal types").
type decimal struct {
	scale           int
	least, greatest *big.Int
}

func decimalOf(t row.Type) decimal {
	one := big.NewInt(1)
	if t == row.Numeric {
		end := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
		greatest := end.Sub(end, one)
		return decimal{scale: 9, least: new(big.Int).Neg(greatest), greatest: greatest}
	}
	end := new(big.Int).Lsh(one, 255)
	return decimal{scale: 38, least: new(big.Int).Neg(end), greatest: new(big.Int).Sub(end, one)}
}

func (d decimal) unit() *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.scale)), nil)
}

var errDecimalRange = errors.New("decimal value is out of range")

// text renders unscaled x 10^-scale without needless zeros.
func (d decimal) text(unscaled *big.Int) (string, error) {
	if unscaled.Cmp(d.least) < 0 || unscaled.Cmp(d.greatest) > 0 {
		return "", errDecimalRange
	}
	s := new(big.Rat).SetFrac(unscaled, d.unit()).FloatString(d.scale)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), "."), nil
}

func toDecimal(k protoreflect.Kind, d decimal) converter {
	switch k {
	case protoreflect.StringKind:
		return func(s scalar) (any, error) { return d.parse(string(s.raw)) }
	case protoreflect.BytesKind:
		return func(s scalar) (any, error) { return d.unpack(s.raw) }
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return func(s scalar) (any, error) { return strconv.FormatUint(s.num, 10), nil }
	case protoreflect.EnumKind:
		return nil
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		read := toFloat64(k)
		return func(s scalar) (any, error) {
			v, err := read(s)
			if err != nil {
				return nil, err
			}
			return d.round(v.(float64))
		}
	}
	read := integerOf(k)
	if read == nil {
		return nil
	}
	return func(s scalar) (any, error) { return strconv.FormatInt(read(s.num), 10), nil }
}

// parse reads decimal text. Digits past the scale are refused, as in a NUMERIC literal.
func (d decimal) parse(s string) (string, error) {
	if len(s) > 100 || strings.Trim(s, "0123456789+-.eE") != "" {
		return "", fmt.Errorf("invalid NUMERIC value: %s", clip([]byte(s)))
	}
	if exp := strings.IndexAny(s, "eE"); exp >= 0 && len(s)-exp > 4 {
		return "", fmt.Errorf("invalid NUMERIC value: %s", clip([]byte(s)))
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return "", fmt.Errorf("invalid NUMERIC value: %s", clip([]byte(s)))
	}
	if r.Mul(r, new(big.Rat).SetInt(d.unit())); !r.IsInt() {
		return "", fmt.Errorf("invalid NUMERIC value: %s has more than %d digits after the point", clip([]byte(s)), d.scale)
	}
	return d.text(r.Num())
}

// round takes a floating-point number, its last digits rounded half away from zero.
func (d decimal) round(v float64) (string, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "", errDecimalRange
	}
	text := new(big.Rat).SetFloat64(v).FloatString(d.scale)
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", errDecimalRange
	}
	return d.text(new(big.Int).Set(r.Mul(r, new(big.Rat).SetInt(d.unit())).Num()))
}

// unpack reads what Google's BigDecimalByteStringEncoder writes: the unscaled integer in two's
// complement, least byte first.
func (d decimal) unpack(b []byte) (string, error) {
	const most = 32
	if len(b) == 0 || len(b) > most {
		return "", fmt.Errorf("invalid packed NUMERIC of %d bytes", len(b))
	}
	high := slices.Clone(b)
	slices.Reverse(high)
	n := new(big.Int).SetBytes(high)
	if high[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return d.text(n)
}
