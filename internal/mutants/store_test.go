//go:build cgo

package mutants

const (
	landingFile = "internal/gcsstore/landing.go"
	ledgerFile  = "internal/gcsstore/store.go"
)

// storeMutants break what the protocols ask of Cloud Storage and BigQuery.
var storeMutants = []mutant{
	{"no DoesNotExist for a copy", landingFile, swap(
		"storage.Conditions{GenerationMatch: generation, DoesNotExist: generation == 0}", "storage.Conditions{GenerationMatch: generation}",
	), "TestCopyPreconditions", ""},
	{"a copy's writer closed on a read error", landingFile, swap(
		"	case err != nil:\n		return classify(fmt.Errorf(\"copy", "	case err != nil && w.Close() != nil:\n		return classify(fmt.Errorf(\"copy",
	), "TestCopyThatFails", ""},
	{"no DoesNotExist for a claim", ledgerFile, swap(
		"storage.Conditions{GenerationMatch: generation, DoesNotExist: generation == 0}", "storage.Conditions{GenerationMatch: generation}",
	), "TestLedger", ""},
	{"the count of a file's name only", "internal/bqquery/client.go", swap(
		"WHERE source_file = @file AND loaded_at = TIMESTAMP_MICROS(@loaded_at)\" + within", "WHERE source_file = @file\" + within",
	), "TestCount$", "other_files_and_attempts"},
	{"a commit of which a part was done before taken for done", "internal/bqwrite/client.go", swap(
		"	if already < n {", "	if already == 0 {",
	), "TestCommitUnknown", ""},
	{"rows at the offset of a pooled stream taken for one's own", "internal/bqwrite/client.go", swap(
		"== codes.AlreadyExists && !s.pooled {", "== codes.AlreadyExists {",
	), "TestPooledStream", "want a transient error"},
}
