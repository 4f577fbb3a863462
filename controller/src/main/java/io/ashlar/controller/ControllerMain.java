package io.ashlar.controller;

import io.ashlar.controller.store.ClusterStore.StoreException;
import io.ashlar.grpc.GrpcLog;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** Entry point of the controller process. Exit codes: 0 ended, 1 could not start, 2 wrong usage. */
public final class ControllerMain {
  private static final Logger log = LoggerFactory.getLogger(ControllerMain.class);

  private ControllerMain() {}

  public static void main(String[] args) throws InterruptedException {
    GrpcLog.install();
    int code = run(args);
    if (code != 0) {
      System.exit(code);
    }
  }

  private static int run(String[] args) throws InterruptedException {
    ControllerOptions options = new ControllerOptions();
    CommandLine commandLine = new CommandLine(options);
    try {
      commandLine.parseArgs(args);
      if (CommandLine.printHelpIfRequested(commandLine.getParseResult())) {
        return 0;
      }
      serve(options.config());
      return 0;
    } catch (CommandLine.ParameterException wrong) {
      log.error("wrong usage: {} (--help lists the options)", wrong.getMessage());
      return 2;
    } catch (IllegalArgumentException wrong) {
      log.error("wrong configuration: {}", wrong.getMessage());
      return 2;
    } catch (IOException | StoreException failed) {
      log.error("the controller cannot start: {}", failed.getMessage(), failed);
      return 1;
    } catch (RuntimeException broken) {
      log.error("the controller cannot start", broken);
      return 1;
    }
  }

  /** Until SIGTERM or SIGINT; calls in flight are finished. */
  private static void serve(ControllerConfig config) throws IOException, InterruptedException {
    Controller controller = Controller.start(config);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("shutdown")
                .unstarted(
                    () -> {
                      controller.close();
                      ended.countDown();
                    }));
    ended.await();
  }
}
