import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node in the foreground: java -cp 'lib/*' RunOpenSearch.java FOLDER HOST HTTP_PORT TRANSPORT_PORT. */
public final class RunOpenSearch {
  private RunOpenSearch() {
  }

  public static void main(String[] arguments) throws Exception {
    String folder = arguments[0];
    String host = arguments[1];
    int port = Integer.parseInt(arguments[2]);
    int transportPort = Integer.parseInt(arguments[3]);
    OpenSearchRunner runner = new OpenSearchRunner();
    runner.setMaxHttpPort(-1); // any port, not just those below 9300
    runner.onBuild((number, settings) -> {
      settings.put("http.host", host);
      settings.put("transport.host", host);
      settings.put("transport.port", transportPort);
      settings.put("discovery.type", "single-node");
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        runner.close();
      } catch (Exception error) {
        error.printStackTrace();
      }
    }));
    OpenSearchRunner.Configs configs = OpenSearchRunner.newConfigs()
        .basePath(folder)
        .clusterName("platform")
        .numOfNode(1)
        .baseHttpPort(port - 1) // the runner counts its nodes from one
        .indexStoreType("niofs") // mapped files stay in memory for as long as the collector likes
        .disableESLogger();
    runner.build(configs);
    Thread.currentThread().join();
  }
}
