package main

import (
	"context"
	"math/rand/v2"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type nullResource struct{}

type nullResourceModel struct {
	Triggers types.Map    `tfsdk:"triggers"`
	ID       types.String `tfsdk:"id"`
}

func newNullResource() resource.Resource { return nullResource{} }

// newID follows hashicorp/null: a random non-negative number as a string.
func newID() types.String { return types.StringValue(strconv.FormatInt(rand.Int64(), 10)) }

func (nullResource) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "null_resource"
}

func (nullResource) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"triggers": schema.MapAttribute{
			Description:   "Values whose change replaces the resource, so that its provisioners run again.",
			ElementType:   types.StringType,
			Optional:      true,
			PlanModifiers: []planmodifier.Map{mapplanmodifier.RequiresReplace()},
		},
		"id": schema.StringAttribute{
			Description:   "Made when the resource is.",
			Computed:      true,
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
	}}
}

func (nullResource) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	var model nullResourceModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &model)...)
	if response.Diagnostics.HasError() {
		return
	}
	model.ID = newID()
	response.Diagnostics.Append(response.State.Set(ctx, &model)...)
}

// Read has nothing to look at: the state is all there is.
func (nullResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

// Update is never asked for a change of triggers, which replaces the resource.
func (nullResource) Update(ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse) {
	var model nullResourceModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &model)...)
	if response.Diagnostics.HasError() {
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, &model)...)
}

func (nullResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
