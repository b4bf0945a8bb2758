package main

import (
	"context"
	"fmt"

	openfgav1 "github.com/openfga/api/proto/openfga/v1"
	"github.com/openfga/language/pkg/go/transformer"
	"github.com/openfga/openfga/pkg/server"
	"github.com/openfga/openfga/pkg/storage"
	"github.com/openfga/openfga/pkg/storage/memory"
)

// openfgaModel is the roles. What they may do is added by [loadOpenFGA].
const openfgaModel = `model
  schema 1.1
type user
type vault
  relations
    define owner: [user]
    define admin: [user] or owner
    define operator: [user] or admin
    define viewer: [user] or operator
`

// loadOpenFGA has a relation for each action in each environment. OpenFGA's memory
// store is a list that it looks through, so it takes no million grants. It gives
// no reason.
func loadOpenFGA(w *world) (asker, error) {
	dsl := openfgaModel
	var relations [len(actions)][len(environments)]string
	for a, by := range needed {
		for env, role := range by {
			relations[a][env] = fmt.Sprintf("%s_%s", actions[a], environments[env])
			dsl += fmt.Sprintf("    define %s: %s\n", relations[a][env], roles[role])
		}
	}
	model, err := transformer.TransformDSLToProto(dsl)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	s, err := server.NewServerWithOpts(server.WithDatastore(memory.New()))
	if err != nil {
		return nil, err
	}
	store, err := s.CreateStore(ctx, &openfgav1.CreateStoreRequest{Name: company})
	if err != nil {
		return nil, err
	}
	written, err := s.WriteAuthorizationModel(ctx, &openfgav1.WriteAuthorizationModelRequest{
		StoreId: store.GetId(), SchemaVersion: model.GetSchemaVersion(), TypeDefinitions: model.GetTypeDefinitions(),
	})
	if err != nil {
		return nil, err
	}
	people := make([]string, len(w.names))
	for i, name := range w.names {
		people[i] = "user:" + name
	}
	var batch []*openfgav1.TupleKey
	for i, role := range w.roles {
		batch = append(batch, &openfgav1.TupleKey{User: people[i], Relation: roles[role], Object: "vault:" + company})
		if len(batch) < storage.DefaultMaxTuplesPerWrite && i < w.grants-1 {
			continue
		}
		writes := &openfgav1.WriteRequestWrites{TupleKeys: batch}
		if _, err := s.Write(ctx, &openfgav1.WriteRequest{StoreId: store.GetId(), AuthorizationModelId: written.GetAuthorizationModelId(), Writes: writes}); err != nil {
			return nil, err
		}
		batch = nil
	}
	return func(q question) (bool, error) {
		got, err := s.Check(ctx, &openfgav1.CheckRequest{
			StoreId: store.GetId(), AuthorizationModelId: written.GetAuthorizationModelId(),
			TupleKey: &openfgav1.CheckRequestTupleKey{User: people[q.who], Relation: relations[q.action][q.environment], Object: "vault:" + q.vault()},
		})
		return got.GetAllowed(), err
	}, nil
}
