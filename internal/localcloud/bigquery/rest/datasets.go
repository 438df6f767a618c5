package rest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
)

func (s *server) listDatasets(r *request) (any, error) {
	filter, err := labelFilter(r.FormValue("filter"))
	if err != nil {
		return nil, err
	}
	datasets, err := s.db.Datasets(r.Context(), r.project)
	if err != nil {
		return nil, err
	}
	all := []*bq.DatasetListDatasets{}
	for _, d := range datasets {
		if filter(d.Labels) {
			all = append(all, &bq.DatasetListDatasets{Kind: "bigquery#dataset", Id: d.Project + ":" + d.Name,
				DatasetReference: datasetReference(d), FriendlyName: d.FriendlyName, Labels: d.Labels, Location: d.Location})
		}
	}
	list, next, err := pageOf(r, all)
	return &bq.DatasetList{Kind: "bigquery#datasetList", Etag: "local", Datasets: list, NextPageToken: next}, err
}

// labelFilter understands "labels.key:value" and "labels.key", joined by spaces.
func labelFilter(filter string) (func(map[string]string) bool, error) {
	terms := strings.Fields(filter)
	for _, t := range terms {
		if !strings.HasPrefix(t, "labels.") {
			return nil, badRequest("filter %q: write labels.key or labels.key:value", filter)
		}
	}
	return func(labels map[string]string) bool {
		for _, t := range terms {
			key, want, valued := strings.Cut(strings.TrimPrefix(t, "labels."), ":")
			if got, ok := labels[key]; !ok || valued && got != want {
				return false
			}
		}
		return true
	}, nil
}

func (s *server) insertDataset(r *request) (any, error) {
	var in bq.Dataset
	if err := r.body(&in); err != nil {
		return nil, err
	}
	if in.DatasetReference == nil || in.DatasetReference.DatasetId == "" {
		return nil, badRequest("Required parameter is missing: datasetReference.datasetId")
	}
	d, err := s.db.CreateDataset(r.Context(), engine.Dataset{
		Project: r.project, Name: in.DatasetReference.DatasetId, Description: in.Description,
		FriendlyName: in.FriendlyName, Location: in.Location, Labels: in.Labels,
	})
	if err != nil {
		return nil, err
	}
	return datasetJSON(d), nil
}

func (s *server) getDataset(r *request) (any, error) {
	d, err := s.db.Dataset(r.Context(), r.project, r.dataset)
	if err != nil {
		return nil, err
	}
	return datasetJSON(d), nil
}

func (s *server) patchDataset(r *request) (any, error) {
	edit, err := r.edit()
	if err != nil {
		return nil, err
	}
	changed, err := s.db.UpdateDataset(r.Context(), r.project, r.dataset, func(d *engine.Dataset) error {
		var in bq.Dataset
		if err := edit.apply(datasetJSON(d), &in, d.Modified); err != nil {
			return err
		}
		d.Description, d.FriendlyName, d.Labels = in.Description, in.FriendlyName, in.Labels
		return nil
	})
	if err != nil {
		return nil, err
	}
	return datasetJSON(changed), nil
}

func (s *server) deleteDataset(r *request) (any, error) {
	return nil, s.db.DeleteDataset(r.Context(), r.project, r.dataset, r.FormValue("deleteContents") == "true")
}

func datasetJSON(d *engine.Dataset) *bq.Dataset {
	return &bq.Dataset{
		Kind: "bigquery#dataset", Id: d.Project + ":" + d.Name, DatasetReference: datasetReference(d), Type: "DEFAULT",
		Etag: etag(d.Modified), SelfLink: fmt.Sprintf("/bigquery/v2/projects/%s/datasets/%s", d.Project, d.Name),
		Description: d.Description, FriendlyName: d.FriendlyName, Location: d.Location, Labels: d.Labels,
		CreationTime: d.Created.UnixMilli(), LastModifiedTime: d.Modified.UnixMilli(),
		Access: []*bq.DatasetAccess{{Role: "OWNER", UserByEmail: userEmail}},
	}
}

func datasetReference(d *engine.Dataset) *bq.DatasetReference {
	return &bq.DatasetReference{ProjectId: d.Project, DatasetId: d.Name}
}

// etag names one state of a resource, which every change makes later.
func etag(modified time.Time) string {
	return base64.StdEncoding.EncodeToString([]byte(strconv.FormatInt(modified.UnixMicro(), 10)))
}

// checkEtag refuses a change that was meant for another state of the resource.
func (r *request) checkEtag(modified time.Time) error {
	want := r.Header.Get("If-Match")
	if want == "" || want == "*" || want == etag(modified) {
		return nil
	}
	return &apiError{code: http.StatusPreconditionFailed, reason: "conditionNotMet",
		message: "Precondition check failed: it was changed since it was read"}
}
