package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seneka-io/seneka/loadtest/size"
)

// scenario is what one comparison is about.
type scenario struct {
	size    int64 // bytes of an object, about
	objects int
	workers int
	rounds  int
}

const (
	largeObjects = 3 // that -workers copy
	manyObjects  = 8 // that manyWorkers copy
	manyWorkers  = 64
	largeRounds  = 3
	leastObject  = 512 // bytes: gzip has to have something to do
)

// cases returns what the options ask for.
func (o *options) cases() (all []scenario, err error) {
	for _, text := range strings.Split(o.objects, ",") {
		if text == "" {
			continue
		}
		each, number, _ := strings.Cut(text, ":")
		c := scenario{workers: o.workers, rounds: o.rounds}
		if c.size, err = size.Parse(each); err != nil {
			return nil, err
		}
		if c.objects, err = strconv.Atoi(number); err != nil || c.objects < 1 {
			return nil, fmt.Errorf("%q is not a size and a number, such as 64K:1000", text)
		}
		all = append(all, c)
	}
	if o.large != "" {
		large, err := size.Parse(o.large)
		if err != nil {
			return nil, err
		}
		all = append(all, scenario{large, largeObjects, o.workers, min(o.rounds, largeRounds)}, scenario{large, manyObjects, manyWorkers, 1})
	}
	for _, c := range all {
		if c.size < leastObject {
			return nil, fmt.Errorf("objects of %d bytes: write %d or more", c.size, leastObject)
		}
	}
	return all, nil
}

// sizeText returns a size in three digits.
func sizeText(n int64) string {
	switch f := float64(n); {
	case f >= 0.95*(1<<30):
		return number(f/(1<<30)) + " GiB"
	case f >= 0.95*(1<<20):
		return number(f/(1<<20)) + " MiB"
	default:
		return number(f/(1<<10)) + " KiB"
	}
}
