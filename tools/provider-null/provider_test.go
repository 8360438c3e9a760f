package main

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var resourceType = tftypes.Object{AttributeTypes: map[string]tftypes.Type{
	"id": tftypes.String, "triggers": tftypes.Map{ElementType: tftypes.String},
}}

func server(t *testing.T) tfprotov5.ProviderServer {
	t.Helper()
	s, err := providerserver.NewProtocol5WithError(newProvider())()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func state(t *testing.T, id any, trigger string) *tfprotov5.DynamicValue {
	t.Helper()
	triggers := map[string]tftypes.Value{"image": tftypes.NewValue(tftypes.String, trigger)}
	value, err := tfprotov5.NewDynamicValue(resourceType, tftypes.NewValue(resourceType, map[string]tftypes.Value{
		"id":       tftypes.NewValue(tftypes.String, id),
		"triggers": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, triggers),
	}))
	if err != nil {
		t.Fatal(err)
	}
	return &value
}

func plan(t *testing.T, before, after *tfprotov5.DynamicValue) *tfprotov5.PlanResourceChangeResponse {
	t.Helper()
	response, err := server(t).PlanResourceChange(context.Background(), &tfprotov5.PlanResourceChangeRequest{
		TypeName: "null_resource", PriorState: before, ProposedNewState: after, Config: state(t, nil, "same"),
	})
	if err != nil || len(response.Diagnostics) > 0 {
		t.Fatalf("plan: %v %v", err, response)
	}
	return response
}

func TestSchemaHasTheAttributesOfTheRealProvider(t *testing.T) {
	schema, err := server(t).GetProviderSchema(context.Background(), &tfprotov5.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"null_resource": 2, "null_data_source": 5}
	for name, all := range map[string]map[string]*tfprotov5.Schema{
		"null_resource": schema.ResourceSchemas, "null_data_source": schema.DataSourceSchemas,
	} {
		if len(all) != 1 || all[name] == nil || len(all[name].Block.Attributes) != want[name] {
			t.Errorf("%s: %v", name, all)
		}
	}
}

func TestChangedTriggersReplace(t *testing.T) {
	if got := plan(t, state(t, "1", "old"), state(t, "1", "new")).RequiresReplace; len(got) == 0 {
		t.Error("a change of triggers must replace the resource")
	}
}

func TestUnchangedTriggersDoNothing(t *testing.T) {
	if got := plan(t, state(t, "1", "same"), state(t, "1", "same")).RequiresReplace; len(got) != 0 {
		t.Errorf("nothing changed, yet %v asks for a replacement", got)
	}
}
