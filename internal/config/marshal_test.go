package config

import (
	"os"
	"reflect"
	"testing"
)

func TestYAMLRoundTrip(t *testing.T) {
	data, err := os.ReadFile("../../seneka.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	formats := Formats{"alb": false}
	first, err := Parse("seneka.example.yaml", data, formats)
	if err != nil {
		t.Fatal(err)
	}
	text, err := first.YAML()
	if err != nil {
		t.Fatal(err)
	}
	second, err := Parse("written.yaml", text, formats)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !reflect.DeepEqual(first, second) {
		t.Errorf("read back %+v, want %+v\n%s", second, first, text)
	}
}
