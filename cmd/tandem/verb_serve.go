package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
)

func serveVerb(*cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Args:  cobra.NoArgs,
	}
	load := configFlags(verb)
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		return serve(cmd.Context(), cfg)
	}
	return verb
}

func serve(ctx context.Context, cfg config.Config) (err error) {
	log := newLog(cfg.Log)
	listener, err := listenAPI(ctx, cfg)
	if err != nil {
		return err
	}
	defer listener.Close()
	var ops net.Listener
	if cfg.MetricsListen != "" {
		if ops, err = new(net.ListenConfig).Listen(ctx, "tcp", cfg.MetricsListen); err != nil {
			return fmt.Errorf("metrics_listen: %w", err)
		}
		defer ops.Close()
	}
	p, err := openProgram(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	log.Info("serving", "url", cfg.URL(), "listen", listener.Addr().String(), "version", built().Version)
	err = p.run(ctx, listener, ops)
	log.Info("stopped")
	return err
}
