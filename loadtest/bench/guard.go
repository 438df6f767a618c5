package main

import "io"

func (b *bench) guard([]string, string, string, io.Writer) error { return nil }
