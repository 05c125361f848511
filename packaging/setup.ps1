# Idempotent set-up for Windows, dot-sourced by run.ps1 and test.ps1: .venv, locked Python packages and the
# s2s-live command. No system packages are needed. The counterpart of setup.sh; Windows PowerShell 5.1 or newer.
$ErrorActionPreference = 'Stop'
$Root = Split-Path -Parent $PSScriptRoot
$Py = Join-Path $Root '.venv\Scripts\python.exe'
$Right = 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'

function Invoke-Checked {
  # Run a program and stop where it fails: PowerShell by itself goes on.
  param([string]$Program, [string[]]$Arguments)
  & $Program @Arguments
  if ($LASTEXITCODE -ne 0) { throw "s2s-live: $Program ended with status $LASTEXITCODE" }
}

function Test-Python {
  # Whether this command is a Python of a supported version that can make environments.
  param([string]$Program, [string[]]$Arguments)
  if (-not (Get-Command $Program -ErrorAction SilentlyContinue)) { return $false }
  # The Microsoft Store's stand-in for python.exe writes to standard error and fails; that must not stop us.
  $ErrorActionPreference = 'SilentlyContinue'
  & $Program @Arguments -c $Right 2>$null | Out-Null
  return $LASTEXITCODE -eq 0
}

function New-Environment {
  foreach ($version in '-3.13', '-3.12', '-3.11') {
    if (Test-Python 'py' @($version)) {
      Invoke-Checked 'py' @($version, '-m', 'venv', '--clear', (Join-Path $Root '.venv'))
      return
    }
  }
  if (Test-Python 'python' @()) {
    Invoke-Checked 'python' @('-m', 'venv', '--clear', (Join-Path $Root '.venv'))
    return
  }
  throw 's2s-live: no Python 3.11, 3.12 or 3.13 here. Install one with: winget install Python.Python.3.12'
}

function Install-Packages {
  param([string]$Lock)
  $uvLock = Join-Path $Root 'packaging\uv.txt'
  & $Py -m pip install -q --disable-pip-version-check --require-hashes -r $uvLock
  if ($LASTEXITCODE -eq 0) {
    & (Join-Path $Root '.venv\Scripts\uv.exe') pip install --python $Py --compile-bytecode --require-hashes -r $Lock
    if ($LASTEXITCODE -eq 0) { return }
  }
  Write-Host 's2s-live: installing with pip instead of uv (slower)'
  Invoke-Checked $Py @('-m', 'pip', 'install', '--disable-pip-version-check', '--require-hashes', '-r', $Lock)
}

function Initialize-S2SLive {
  # What tests need is all that the app needs, and more.
  param([switch]$Tests)
  $hashes = foreach ($name in 'requirements.txt', 'uv.txt', 'link.py') {
    (Get-FileHash (Join-Path $Root "packaging\$name")).Hash
  }
  $want = "$Root " + ($hashes -join ' ')
  $lock = Join-Path $Root 'packaging\requirements.txt'
  if ($Tests) {
    $lock = Join-Path $Root 'packaging\test-requirements.txt'
    $want += ' and tests ' + (Get-FileHash $lock).Hash
  }
  $stamp = Join-Path $Root '.venv\.ready'
  if (Test-Path $stamp) { $have = (Get-Content $stamp -Raw).Trim() } else { $have = '' }
  if ((Test-Path $Py) -and "$have ".StartsWith("$want ")) { return }
  Write-Host 's2s-live: setting up .venv (the first time this takes a few minutes)'
  # An environment does not survive a move of its folder: its programs name the old one.
  if (-not (Test-Path $Py) -or ($have -and -not $have.StartsWith("$Root "))) { New-Environment }
  Install-Packages $lock
  Invoke-Checked $Py @((Join-Path $Root 'packaging\link.py'))
  Set-Content -Path $stamp -Value $want -Encoding utf8
  if (-not $Tests) { Find-Fastest }
}

function Find-Fastest {
  # So that the first start shows pictures as soon as later ones; it does this itself where it must.
  Write-Host 's2s-live: measuring how the bundled model runs best on this machine (once, some ten seconds)'
  # What a program writes to standard error must not stop us.
  $ErrorActionPreference = 'SilentlyContinue'
  & (Join-Path $Root '.venv\Scripts\s2s-live.cmd') tune 2>$null | Out-Null
  if ($LASTEXITCODE -ne 0) { Write-Host 's2s-live: that failed: the first start will try again' }
}
