package row

import "fmt"

// CheckDecimal reports why text is no value of a NUMERIC or BIGNUMERIC column. It does not allocate
// but for errors.
func CheckDecimal(t Type, text []byte) error {
	var err error
	if t == Numeric {
		_, err = numericOf(text)
	} else {
		_, err = bigNumericOf(text)
	}
	if err != nil {
		return fmt.Errorf("%.100q is no %s: %w", text, t, err)
	}
	return nil
}

// CheckGeography reports why text is no value of a GEOGRAPHY column: see AppendWKT.
func CheckGeography(text []byte) error {
	_, err := AppendWKT(nil, text)
	return err
}

// CheckJSON reports why BigQuery would refuse text as a JSON value. It does not allocate but for
// errors.
func CheckJSON(text []byte) error { return checkJSON(text) }
