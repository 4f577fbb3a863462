package io.ashlar.node;

import io.ashlar.disk.DiskInUseException;
import io.ashlar.disk.DiskRefusedException;
import io.ashlar.grpc.GrpcLog;
import io.ashlar.node.disk.DiskOrdersDamagedException;
import io.ashlar.node.disk.NoDeviceException;
import io.ashlar.node.disk.RosterDamagedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.tls.Tls;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** Entry point of the node daemon. Exit codes: 0 ended, 1 could not start, 2 wrong usage. */
public final class NodeMain {
  private static final Logger LOG = LoggerFactory.getLogger(NodeMain.class);

  private NodeMain() {}

  public static void main(String[] args) throws InterruptedException {
    if (Arrays.stream(args).anyMatch(each -> each.startsWith(NodeOptions.TLS_CA))) {
      Tls.prepare(); // before the options are read, which takes as long
    }
    GrpcLog.install();
    int code = run(args);
    if (code != 0) {
      System.exit(code);
    }
  }

  private static int run(String[] args) throws InterruptedException {
    NodeOptions options = new NodeOptions();
    CommandLine commandLine = new CommandLine(options);
    try {
      commandLine.parseArgs(args);
      if (CommandLine.printHelpIfRequested(commandLine.getParseResult())) {
        return 0;
      }
      serve(options.config());
      return 0;
    } catch (CommandLine.ParameterException wrong) {
      LOG.error("wrong usage: {} (--help lists the options)", wrong.getMessage());
      return 2;
    } catch (IllegalArgumentException wrong) {
      LOG.error("wrong configuration: {}", wrong.getMessage());
      return 2;
    } catch (DiskRefusedException
        | DiskInUseException
        | NoDeviceException
        | RosterDamagedException
        | DiskOrdersDamagedException
        | StoreOpenException refused) {
      LOG.error("the node daemon cannot start: {}", refused.getMessage());
      return 1;
    } catch (IOException failed) {
      LOG.error("the node daemon cannot start: {}", failed.getMessage(), failed);
      return 1;
    } catch (RuntimeException broken) {
      // Threads that were started already would keep a daemon that does nothing alive.
      LOG.error("the node daemon cannot start", broken);
      return 1;
    }
  }

  /** Until SIGTERM or SIGINT. */
  private static void serve(NodeConfig config) throws IOException, InterruptedException {
    Preload.ifRecording();
    NodeDaemon daemon = NodeDaemon.start(config);
    if (Preload.recording()) {
      daemon.rehearse();
    }
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("shutdown")
                .unstarted(
                    () -> {
                      daemon.close();
                      ended.countDown();
                    }));
    ended.await();
  }
}
