package rest

import (
	bq "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
)

// json is the job as https://cloud.google.com/bigquery/docs/reference/rest/v2/Job has it.
func (j *job) json() *bq.Job {
	out := &bq.Job{
		Kind: "bigquery#job", Etag: "local", Id: jobName(j.project, j.id), JobReference: j.reference(), UserEmail: userEmail,
		SelfLink:      "/bigquery/v2/projects/" + j.project + "/jobs/" + j.id,
		Configuration: j.config,
		Status:        &bq.JobStatus{State: "RUNNING"},
		Statistics:    &bq.JobStatistics{CreationTime: j.created.UnixMilli(), StartTime: j.created.UnixMilli()},
	}
	if !j.finished() {
		return out
	}
	out.Status.State = "DONE"
	out.Statistics.EndTime = j.ended.UnixMilli()
	if j.err != nil {
		e := &bq.ErrorProto{Reason: j.err.reason, Message: j.err.message, Location: j.err.location}
		out.Status.ErrorResult, out.Status.Errors = e, []*bq.ErrorProto{e}
		return out
	}
	out.Statistics.TotalBytesProcessed = j.bytes
	out.Statistics.Query = j.statistics()
	return out
}

func (j *job) reference() *bq.JobReference {
	return &bq.JobReference{ProjectId: j.project, JobId: j.id, Location: engine.DefaultLocation}
}

func (j *job) statistics() *bq.JobStatistics2 {
	st := &bq.JobStatistics2{
		StatementType: j.result.Kind, Schema: schemaJSON(j.result.Schema),
		TotalBytesProcessed: j.bytes, TotalBytesBilled: 0,
		ForceSendFields: []string{"CacheHit", "TotalBytesProcessed", "TotalBytesBilled"},
	}
	if j.config.DryRun {
		st.TotalBytesProcessedAccuracy = "UPPER_BOUND"
	}
	for _, t := range j.result.Tables {
		st.ReferencedTables = append(st.ReferencedTables, tableReference(t))
	}
	return st
}
