package mutants

const (
	loadFile   = "internal/load/load.go"
	claimFile  = "internal/load/claim.go"
	settleFile = "internal/load/settle.go"
	smallFile  = "internal/load/small.go"
	poolFile   = "internal/load/pool.go"
	eventsFile = "internal/load/events.go"
	stepsFile  = "internal/load/steps_test.go"
)

// loadMutants break what every file's load rests on.
var loadMutants = []mutant{
	{"no attempt in the claim", claimFile, swap(
		"now.Load.Attempt == c.Load.Attempt, nil",
		"now.Load.SourceFile == c.Load.SourceFile, nil",
	), "TestLoadFaultsBesideRival/own", "rival in front of call"},
	{"no generation precondition", claimFile, swap(
		"	err = l.Ledger.Put(ctx, name, data, old.generation)\n",
		"	_, at, _ := l.Ledger.Get(ctx, name)\n	err = l.Ledger.Put(ctx, name, data, at+0*old.generation)\n",
	), "TestLoadFaultsBesideRival/own", "rival in front of call"},
	{"no wait before finalize", "internal/load/writer.go", swap(
		"	for _, l := range w.lanes {\n		if err := l.wait(); err != nil {\n			return nil, err\n		}\n	}\n", "",
	), "TestLargeFileSeveralStreams", "was sent"},
	{"settle left out", loadFile, swap(
		"settled, err = l.settle(ctx, name, old.Claim)", "settled = true",
	), "TestLoadFaults/own", "visible rows"},
	{"a changed version ignored over an unsettled claim", loadFile, swap(
		"		if old.generation != 0 {\n			settled :=",
		"		if old.generation != 0 && old.Load.Version != f.Version {\n			return l.known(ctx, f, target, old.Claim)\n		}\n		if old.generation != 0 {\n			settled :=",
	), "TestSettleBeforeChanged", "want the first version's"},
	{"records written after the acknowledgement", eventsFile, swap(
		"	if err := l.record(ctx, t, append([]Record{rec}, more...)...); err != nil {",
		"	if err := error(nil); l.record(ctx, t, append([]Record{rec}, more...)...) != nil && err != nil {",
	), "TestLoadFaults/own", "by the load log 0 attempts"},
	{"events told after the acknowledgement", eventsFile, swap(
		"	if err := l.announce(ctx, Event{rec, c.Partition}); err != nil {",
		"	if err := error(nil); l.announce(ctx, Event{rec, c.Partition}) != nil && err != nil {",
	), "TestLoadFaults/own", "was not told"},
	{"events told once only", loadFile, swap(
		"		_, err = l.recordLoaded(ctx, target.Table, c, rec)\n", "		err = l.record(ctx, target.Table, l.visible(c), rec)\n",
	), "TestLoadFaults/own", "was not told"},
	{"events told of what may never be visible", loadFile, swap(
		"	claim, lost, err := a.commit(ctx, staged, name, old)\n",
		"	_ = l.announce(ctx, Event{Record: a.rec})\n	claim, lost, err := a.commit(ctx, staged, name, old)\n",
	), "TestEnumerateFaults", "which did not load it"},
	{"rejects written after the commit", loadFile, []edit{
		{"	if err := a.flushRejects(ctx); err != nil {\n		return Result{}, false, err\n	}\n	claim, lost", "	claim, lost"},
		{"	rec, err := l.recordLoaded(ctx, target.Table, claim)\n", "	if err := a.flushRejects(ctx); err != nil {\n		return Result{}, false, err\n	}\n	rec, err := l.recordLoaded(ctx, target.Table, claim)\n"},
	}, "TestLoadFaults/own", "rejects []"},
	{"count by file name only", "internal/load/fakes_test.go", swap(
		`r["loaded_at"] == q.LoadedAt && `, "",
	), "TestSettleCountsOneAttempt", "duplicate"},
	{"a young claim voided", settleFile, swap(
		"age < streamLife {", "age < 0 {",
	), "TestSettleYoungClaimWaits", "want a transient error"},
	{"a young claim voided, in any order of calls", settleFile, swap(
		"age < streamLife {", "age < 0 {",
	), "TestExplore/own-streams$", "is visible twice"},
	{"rows that were deleted come back", settleFile, swap(
		"	case recorded:\n		return true, nil // rows", "	case recorded && rows > 0:\n		return true, nil // rows",
	), "TestSettleDeletedRowsStayDeleted", "want duplicate"},
	{"loaded_at of the claim that is replaced", "internal/load/attempt.go", swap(
		"if !rec.LoadedAt.After(old.Load.LoadedAt) {", "if false {",
	), "TestLoadedAtRises", "not later"},
	{"a torn attempt taken for loaded", settleFile, swap(
		"	case rows == c.Load.Rows:", "	case rows > 0:",
	), "TestSettleTorn", "want ErrTorn"},
	{"a service that does not answer taken for a large file", "internal/load/attempt.go", swap(
		" && a.Now().Sub(a.read) < stalled {", " {",
	), "TestStalledIsNotDeferred", "deferred"},
}

// searchMutants break not the protocol but the search for what breaks it: a call that matters taken
// for one that does not, and a request on its way forgotten too early.
var searchMutants = []mutant{
	{"the claim taken for a local call", stepsFile, swap(
		`	case "stream.create":`, `	case "stream.create", "claim.put":`,
	), "TestReduction/two_versions", "only with full true"},
	{"a claim on its way forgotten", stepsFile, swap(
		"return p.claims[s.on].gen != int64(s.carries[0].(generation))", "return true",
	), "TestReduction/own_stream,_a_fault$", "only with full true"},
}

// smallMutants break what pooled streams rest on.
var smallMutants = []mutant{
	{"a pooled stream given back after a refusal", smallFile, swap(
		"	case errkind.Is(err, errkind.Permanent):\n", "	case errkind.Is(err, errkind.Permanent):\n		known = true\n",
	), "TestRefusedRows", "used again"},
	{"a pooled stream given back in doubt", smallFile, swap(
		"	settled, settleErr := a.settlePooled(ctx, name, claim, true)\n", "	known = true\n	settled, settleErr := a.settlePooled(ctx, name, claim, true)\n",
	), "TestStreamInDoubtServesNobody/append", "B is acknowledged and nothing of it is visible"},
	{"a pooled stream given back though its claim is in doubt", smallFile, swap(
		"	if err != nil {\n		return Claim{}, false, err\n	}\n	if !won {", "	if err != nil {\n		known = true\n		return Claim{}, false, err\n	}\n	if !won {",
	), "TestStreamInDoubtServesNobody/claim", "A is acknowledged and nothing of it is visible"},
	{"an offset reused", smallFile, swap(
		"		s.offset += int64(len(rows))\n", "",
	), "TestManySmallFilesFewStreams", "rows of 3000 files"},
	{"a stream shared by two files", poolFile, swap(
		"s, idle = idle[n-1], idle[:n-1]", "s = idle[n-1]",
	), "TestManySmallFilesFewStreams", "rows of 3000 files"},
	{"a claim over a pooled stream voided without finalize", settleFile, swap(
		"	rows, known, err := l.Streams.Finalize(ctx, c.Pooled.Stream)\n", "	rows, known, err := c.Pooled.Offset, true, error(nil)\n",
	), "TestExplore/pooled$", "is visible twice"},
	{"an append in doubt taken for none", smallFile, swap(
		"settled, settleErr := a.settlePooled(ctx, name, claim, true)", "settled, settleErr := false, error(nil)",
	), "TestLoadFaults/pooled", "visible rows"},
	{"the append before the claim", smallFile, swap(
		"	won, err := a.writeClaim(ctx, name, claim, old)\n", "	_ = s.Append(ctx, s.offset, rows)\n	won, err := a.writeClaim(ctx, name, claim, old)\n",
	), "TestLoadFaultsBesideRival/pooled", "visible rows"},
	{"the claim not read again behind finalize", settleFile, swap(
		"if now.Load.Attempt != c.Load.Attempt || now.Void {", "if now.Void {",
	), "TestSettlePooledReadsTheClaimAgain", "another file's rows"},
	{"no count taken for no rows", settleFile, swap(
		"	case rows == c.Pooled.Offset && rows > 0:\n", "	case rows <= c.Pooled.Offset:\n",
	), "TestFinalizeWithoutCount", "want duplicate"},
	{"a void claim taken for settled", settleFile, swap(
		"	case c.Void:\n		return false, nil", "	case c.Void:\n		return true, nil",
	), "TestRefusedRows", "want rejected"},
	{"a closed pool keeps streams", poolFile, swap(
		"	if !closed {\n		p.idle", "	if p.idle != nil {\n		p.idle",
	), "TestStreamGivenBackToClosedPool", "streams left open"},
}
