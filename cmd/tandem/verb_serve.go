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
		Long: `Runs the server until SIGTERM or SIGINT. On SIGHUP it reads certificates, secret
files and log.level again; the log says of each what became of it. A certificate
that has changed on the disk is taken without that.

With --maintenance, and after tandem restore until tandem maintenance end, nothing
is done outside: people can log in and look, and passwords are not changed.`,
		Args: cobra.NoArgs,
	}
	load := configFlags(verb)
	maintenance := verb.Flags().Bool("maintenance", false, "no rotation, mail, stream, delivery or witness: for a copy, or while something is repaired")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		return serve(cmd.Context(), cfg, load, *maintenance)
	}
	return verb
}

func serve(ctx context.Context, cfg config.Config, load func() (config.Config, error), maintenance bool) (err error) {
	asked, deaf := hangups()
	defer deaf()
	log, level := newLevelledLog(cfg.Log)
	listener, certificate, err := listenAPI(ctx, cfg, log)
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
	p, err := openProgramFor(ctx, cfg, log, purpose{maintenance: maintenance, serves: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	p.again.add("configuration", settings(cfg, load, level, log))
	if certificate != nil {
		p.again.add("tls", certificate.load)
		p.shown.add("api", certificate)
	}
	systemd := supervised{log: log, alive: func() { p.desk.PolicyInForce() }}
	p.again.begun = systemd.reloading
	go p.again.run(ctx, asked)
	watching, unwatched := context.WithCancel(context.WithoutCancel(ctx)) // it is alive while it stops, too
	defer unwatched()
	go systemd.watch(watching)
	context.AfterFunc(ctx, systemd.stopping)
	systemd.ready(cfg.URL())
	log.Info("serving", "url", cfg.URL(), "listen", listener.Addr().String(), "version", built().Version)
	err = p.run(ctx, listener, ops)
	log.Info("stopped")
	return err
}
