<?php
// Reads each composer.lock named on standard input with Composer's own parts; one JSON object a line.
require getenv('COMPOSER_AUTOLOAD') ?: '/usr/share/php/Composer/autoload.php';

foreach (explode("\n", trim(stream_get_contents(STDIN))) as $path) {
    $said = ['path' => $path];
    try {
        $lock = (new Composer\Json\JsonFile($path))->read();
        if (!isset($lock['packages'])) {
            throw new UnexpectedValueException('not a lock'); // as Composer's own Locker takes it
        }
        $loader = new Composer\Package\Loader\ArrayLoader(null, true);
        $said['packages'] = [];
        foreach (array_merge($lock['packages'] ?? [], $lock['packages-dev'] ?? []) as $one) {
            $package = $loader->load($one);
            while ($package instanceof Composer\Package\AliasPackage) {
                $package = $package->getAliasOf();
            }
            $said['packages'][] = [$package->getName(), $package->getPrettyVersion()];
        }
    } catch (Throwable $error) {
        $said = ['path' => $path, 'refused' => get_class($error) . ': ' . substr($error->getMessage(), 0, 100)];
    }
    echo json_encode($said), "\n";
}
