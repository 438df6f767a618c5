package write

import (
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"

	"github.com/seneka-io/seneka/internal/row"
)

// tableSchema renders columns as the Storage API does (table.proto).
func tableSchema(columns row.Schema) *storagepb.TableSchema {
	return &storagepb.TableSchema{Fields: schemaFields(columns)}
}

func schemaFields(columns row.Schema) []*storagepb.TableFieldSchema {
	fields := make([]*storagepb.TableFieldSchema, len(columns))
	for i, c := range columns {
		fields[i] = &storagepb.TableFieldSchema{
			Name:        c.Name,
			Type:        schemaType(c.Type),
			Mode:        storagepb.TableFieldSchema_Mode(storagepb.TableFieldSchema_Mode_value[string(orNullable(c.Mode))]),
			Description: c.Description,
			Fields:      schemaFields(c.Fields),
		}
		if c.Type == row.Range {
			fields[i].RangeElementType = &storagepb.TableFieldSchema_FieldElementType{Type: schemaType(c.RangeElement)}
		}
	}
	return fields
}

// schemaType has the GoogleSQL name of the type but for one.
func schemaType(t row.Type) storagepb.TableFieldSchema_Type {
	if t == row.Float64 {
		return storagepb.TableFieldSchema_DOUBLE
	}
	return storagepb.TableFieldSchema_Type(storagepb.TableFieldSchema_Type_value[string(t)])
}
